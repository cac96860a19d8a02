"""naming/resources.py, placing.py, paths.py, operation_ids.py: where an operation lives."""

from __future__ import annotations

import random

import pytest

from sdkpress.model import Api, Docs, Operation, Parameter, SchemaId, TypeUse
from sdkpress.naming.resources import Place, place_operations


def operation(text: str) -> Operation:
    """`GET /pets/{id} getPet pets`: method, path, operationId (`-` for none), tag."""
    method, path, *rest = text.split(" ")
    identifier = rest[0] if rest and rest[0] != "-" else ""
    return Operation(
        method=method,
        path=path,
        pointer="",
        operation_id=identifier,
        tags=tuple(rest[1:2]),
        parameters=(),
        body=None,
        responses=(),
        security=(),
        servers=(),
        stream=None,
        replay="method",
        idempotency_header="",
    )


def api(*texts: str) -> Api:
    return Api("Things", "1", Docs(), "3.1.0", (), (), tuple(map(operation, texts)), {})


def names(*texts: str, pinned: dict[str, str] | None = None) -> dict[str, str]:
    fixed = {
        key: Place(tuple(text.split(".")[:-1]), text.split(".")[-1])
        for key, text in (pinned or {}).items()
    }
    places = place_operations(api(*texts), fixed)
    return {key: place.dotted() for key, place in places.items()}


CRUD = (
    "GET /users", "POST /users", "GET /users/{id}", "PUT /users/{id}", "DELETE /users/{id}",
)  # fmt: skip

ROWS = [
    # collections and items
    ((*CRUD,), "users.list users.create users.get users.update users.delete"),
    ((*CRUD[:3], "PATCH /users/{id}", "PUT /users/{id}"), "users.list users.create users.get users.update users.replace"),
    (("GET /users/{id}", "DELETE /users", "DELETE /users/{id}"), "users.get users.delete_all users.delete"),
    (("PATCH /users", "PATCH /users/{id}"), "users.update_all users.update"),
    (("PUT /pet updatePet", "POST /pet/{petId} updatePetWithForm"), "pet.update pet.update_with_form"),
    (("GET /orgs/{org}/orgs", "GET /orgs"), "orgs.list_for_org orgs.list"),
    (("GET /repos/{repo}/issues/comments", "GET /repos/{repo}/issues/{n}/comments listComments"), "repos.issues.comments.list repos.issues.comments.list_for_issue"),
    (("GET /snapshots/{repository}", "GET /snapshots/{repository}/{snapshot}"), "snapshots.get snapshots.get_by_snapshot"),
    (("GET /gists/{id}", "GET /gists/{id}/{sha} gists/get-revision"), "gists.get gists.get_revision"),
    # one property of an item, and levels with one method
    (("GET /files/{id}/content", "GET /files"), "files.get_content files.list"),
    (("GET /files/{id}/content downloadFile",), "files.download"),
    (("PUT /users/{id}/password",), "users.update_password"),
    (("DELETE /users/{id}/avatar",), "users.delete_avatar"),
    (("GET /users/{id}/avatar", "PUT /users/{id}/avatar"), "users.avatar.get users.avatar.update"),
    (("POST /users/{id}/token issueToken",), "users.issue_token"),
    (("GET /health/alive isAlive", "GET /health/ready isReady"), "health.is_alive health.is_ready"),
    (("GET /health",), "health.get"),
    # actions
    (("POST /payouts/{payout}/reverse",), "payouts.reverse"),
    (("POST /payouts/{payout}/return",), "payouts.return_"),
    (("POST /transfers/{id}/fail", "POST /transfers/{id}/post"), "transfers.fail transfers.post"),
    (("POST /things/{id}/frobnicate frobnicateThing",), "things.frobnicate"),
    (("POST /readers/{reader}/refund_payment",), "readers.refund_payment"),
    (("POST /accounts/{account}/login_links",), "accounts.login_links.create"),
    (("POST /accounts/{account}/secrets/delete",), "accounts.secrets.delete"),
    (("GET /pet/findByStatus findPetsByStatus",), "pet.find_by_status"),
    (("GET /users/search", "GET /users/{id}"), "users.search users.get"),
    (("GET /users/all", "GET /users/{id}"), "users.list_all users.get"),
    (("POST /messages/broadcast broadcast",), "messages.broadcast"),
    (("POST /message/validate/push validatePush", "POST /message/validate validateMessage"), "message.validate_push message.validate"),
    (("GET /search/users", "GET /search/code"), "search.users search.code"),
    (("POST /webhooks/{id}/pings ping-webhook",), "webhooks.ping"),
    (("POST /runs/{id} cancelRun", "GET /runs/{id}"), "runs.cancel runs.get"),
    (("PUT /issues/{id}/lock issues/lock", "DELETE /issues/{id}/lock issues/unlock"), "issues.lock issues.unlock"),
    (("GET /gists/{id}/star", "PUT /gists/{id}/star", "DELETE /gists/{id}/star"), "gists.get_star gists.star gists.unstar"),
    (("POST /commits/{id}/approve", "DELETE /commits/{id}/approve"), "commits.approve commits.unapprove"),
    (("PUT /topics replaceTopics",), "topics.replace"),
    (("PUT /secrets/{name} createOrUpdateSecret",), "secrets.create_or_update"),
    (("POST /files uploadFile", "GET /files"), "files.upload files.list"),
    (("DELETE /members/{id} remove-member", "GET /members/{id} checkMember"), "members.remove members.check"),
    (("PUT /threads/{id} mark-thread-as-read",), "threads.mark_as_read"),
    (("POST /items/batch bulkCreateItems", "GET /items"), "items.batch items.list"),
    # CRUD words in paths
    (("POST /user/create", "GET /user/list", "POST /user/delete/{id}"), "user.create user.list user.delete"),
    (("GET /users/getByName/{name}",), "users.get_by_name"),
    (("POST /create/user", "GET /delete/user"), "user.create user.delete"),
    # what operationIds are worth
    (("POST /v1/chat/completions token_model-de6tzdf802fbb9gd",), "chat.completions.create"),
    (("POST /chat/completions chat-completions",), "chat.completions.create"),
    (("GET /users read_users_users_get", "POST /login login_login_post auth"), "users.list auth.login"),
    (("GET /users getUsersUsingGET_1",), "users.list"),
    (("POST /a/{id}/proxy connectPostProxy", "GET /a/{id}/proxy connectGetProxy"), "a.proxy.create a.proxy.get"),
    # RPC: one piece, or none
    (("POST /login login auth", "POST /logout logout auth"), "auth.login auth.logout"),
    (("POST /generate generateText",), "text.generate"),
    (("POST /predict",), "predict.run"),
    (("POST /sendMessage", "GET /getMe", "POST /deleteMessage", "POST /answerQuery"), "message.send me.get message.delete query.answer"),
    (("GET /getUser", "GET /getUsers"), "users.get users.list"),
    (("POST /chat.postMessage", "GET /chat.list", "GET /admin.users.list"), "chat.post_message chat.list admin.users.list"),
    (("POST /#Action=CreateQueue", "POST /#Action=ListQueues"), "queues.create queues.list"),
    (("POST /?Action=SendMessage", "GET /?Action=SendMessage"), "message.send message.send_get"),
    (("POST /#X-Amz-Target=Service_20120810.GetItem",), "item.get"),
    (("GET /{bucket}#acl GetBucketAcl", "PUT /{bucket} CreateBucket", "GET /{bucket} ListBuckets"), "bucket_acl.get buckets.create buckets.list"),
    (("GET /", "POST /"), "root.get root.create"),
    (("GET /{id} getThing",), "thing.get"),
    (("GET /{tenant}",), "tenant.get"),
    # dotted ids are the tree
    (("GET /v1/{name} hub.topics.get", "GET /v1/{parent}/topics hub.topics.list", "POST /v1/{name}:publish hub.topics.publish"), "topics.get topics.list topics.publish"),
    # path syntax
    (("POST /v1/things/{id}:cancel", "POST /v1/things:batchGet"), "things.cancel things.batch_get"),
    (("GET /Users('{id}')", "GET /Users", "POST /Users('{id}')/assign"), "users.get users.list users.assign"),
    (("GET /Orders(OrderID={id})",), "orders.get"),
    (("GET /users.json", "GET /users/{id}.json"), "users.list users.get"),
    (("GET /users/{id}.json", "GET /users/{id}.xml"), "users.get users.get_xml"),
    (("GET /compare/{base}...{head}",), "compare.get"),
    (("GET /subscriptions/{id}/providers/Acme.Compute/machines/{name}", "POST /subscriptions/{id}/providers/Acme.Compute/machines/{name}/start"), "machines.get machines.start"),
    (("POST /responses createResponse", "POST /responses?beta=true beta_createResponse"), "responses.create responses.create_beta"),
    # versions and prefixes
    (("GET /api/v2/lists", "GET /api/v2/lists/{id}"), "lists.list lists.get"),
    (("GET /rest/api/3/issue/{id}", "GET /rest/api/3/user/{id}"), "issue.get user.get"),
    (("GET /api/v2.1/accounts/{id}",), "accounts.get"),
    (("GET /2010-04-01/Accounts/{Sid}.json",), "accounts.get"),
    (("GET /{tenant}/v1/users", "GET /{tenant}/v1/users/{id}"), "users.list users.get"),
    (("GET /v1/users", "GET /v2/users", "GET /v2/teams"), "v1.users.list users.list teams.list"),
    (("GET /users", "GET /v1/users"), "users.list v1.users.list"),
    (("GET /apis/apps/v1/jobs", "GET /apis/apps/v1beta1/jobs", "GET /apis/apps/v1/pods"), "apps.jobs.list apps.v1beta1.jobs.list apps.pods.list"),
    (("GET /bot/a/{id}", "GET /bot/a", "GET /bot/b/{id}", "GET /bot/b", "GET /bot/c"), "a.get a.list b.get b.list c.get"),
    # names that Python or the client has taken
    (("GET /close", "GET /api", "GET /class/{id}", "POST /import"), "close_.get api_.get class_.get import_.run"),
    (("GET /things/class", "GET /things/{id}"), "things.get_class things.get"),
    (("GET /café/{id}", "GET /straße/{id}"), "cafe.get strasse.get"),
    (("GET /пользователи/{id}",), "пользователи.get"),
    (("GET /userProfiles/{id}", "GET /IPv6-addresses/{id}"), "user_profiles.get ipv6_addresses.get"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "expected"), ROWS, ids=[row[0][0] for row in ROWS])
def test_operations_are_named(given: tuple[str, ...], expected: str) -> None:
    assert list(names(*given).values()) == expected.split(" ")


def test_no_resource_is_a_method_of_its_parent() -> None:
    found = names(
        "POST /things/{id}/copy", "GET /things/{id}/copy/log", "POST /things/copy", "GET /things"
    )
    places = set(found.values())
    resources = {text.rpartition(".")[0] for text in places}
    assert not places & resources
    assert len(places) == 4


def test_a_request_builder_has_its_name_for_itself() -> None:
    found = names("POST /things", "POST /things/createRequest createRequest")
    assert len(set(found.values())) == 2
    assert "things.create_request" not in found.values()


def test_order_of_the_document_decides_nothing() -> None:
    texts = [text for given, _ in ROWS for text in given]
    texts = list({text.split(" ")[0] + text.split(" ")[1]: text for text in texts}.values())
    expected = names(*texts)
    for seed in range(5):
        shuffled = list(texts)
        random.Random(seed).shuffle(shuffled)
        assert names(*shuffled) == expected


def test_a_pinned_name_stays_when_a_neighbour_would_take_it() -> None:
    before = names("GET /repos/{repo}/issues/{issue}/comments")
    assert before == {"GET /repos/{repo}/issues/{issue}/comments": "repos.issues.comments.get"} or (
        before["GET /repos/{repo}/issues/{issue}/comments"] == "repos.issues.comments.list"
    )
    after = names(
        "GET /repos/{repo}/issues/comments",
        "GET /repos/{repo}/issues/{issue}/comments",
        pinned=before,
    )
    assert after["GET /repos/{repo}/issues/{issue}/comments"] == "repos.issues.comments.list"
    assert after["GET /repos/{repo}/issues/comments"] != "repos.issues.comments.list"


def test_a_resource_that_appears_leaves_a_pinned_method_alone() -> None:
    before = names("POST /things/{id}/copy")
    assert list(before.values()) == ["things.copy"]
    after = names("POST /things/{id}/copy", "GET /things/{id}/copy/logs/{log}", pinned=before)
    assert after["POST /things/{id}/copy"] == "things.copy"
    other = after["GET /things/{id}/copy/logs/{log}"]
    assert not other.startswith("things.copy.")
    assert not other[-1].isdigit()


def test_words_come_before_numbers() -> None:
    found = names(
        "GET /things/{id}", "GET /things/{id}/{version}", "GET /things/{id}/{version}/{part}",
        "GET /{scope}/things/{id}", "GET /{scope}/things/{id}/{version}",
    )  # fmt: skip
    assert len(set(found.values())) == 5
    assert not any(name[-1].isdigit() for name in found.values())


def test_parameters_do_not_matter_for_names() -> None:
    """Only the path counts, so that declaring a parameter renames nothing."""
    plain = api("GET /things/{id}")
    declared = Parameter("id", "path", TypeUse(SchemaId("")), True, "simple", False, "")
    assert place_operations(plain, {}) == place_operations(
        Api(
            "Things", "1", Docs(), "3.1.0", (), (),
            tuple(
                Operation(
                    item.method, item.path, "", "", (), (declared,), None, (), (), (), None, "", ""
                )
                for item in plain.operations
            ),
            {},
        ),
        {},
    )  # fmt: skip


def test_a_request_builder_is_no_resource_either() -> None:
    found = names(
        "POST /things/{id}/stream",
        "GET /things/{id}/stream-request",
        "GET /things/{id}/stream-request/{key}",
    )
    places = {tuple(text.split(".")) for text in found.values()}
    builders = {(*place[:-1], f"{place[-1]}_request") for place in places}
    resources = {place[:n] for place in places for n in range(1, len(place))}
    assert not builders & (places | resources)
