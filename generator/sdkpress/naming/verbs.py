"""English verbs of APIs: which words name an action, which a thing, and what means the same.

Nothing here knows about OpenAPI; `resources.py` asks these tables about single lower-case words.
"""

from __future__ import annotations

from sdkpress.naming.words import singular

STRONG = frozenset("""
    abort accept acknowledge activate add adjust allocate allow append apply approve archive assign
    associate attach authenticate authorize begin calculate cancel capture change choose claim
    classify clear clone compact compare complete compute configure confirm connect continue convert create
    deactivate deallocate decline decode decommission decrease decrement define decrypt delete deliver demote deny
    deploy deprecate deprovision deregister describe destroy detach detect determine disable
    disapprove disassociate discard disconnect discover dismiss dispatch dissociate drain duplicate
    edit eject embed enable encode encrypt enqueue enroll ensure enter erase estimate evaluate
    evict exclude execute exist exists exit expand expire explain expunge extend extract failover fetch
    finalize find finish flatten forget freeze fulfill generate get grant has head hibernate hide
    identify ignore impersonate import increase increment infer ingest initialize initiate insert inspect
    install instantiate invalidate invite invoke is join kick launch leave list listen lookup
    make mark materialize merge migrate modify mute normalize notify obtain optimize ordain pause
    perform persist populate post prepare preview probe promote propose provision publish purchase purge
    put quarantine randomize reactivate reassign reauthorize rebase rebind reboot rebuild recalculate
    receive recognize refer remix recommend reconcile reconfigure reconnect recover recreate redact redeem
    redeliver redeploy redirect redo reencrypt refine refresh regenerate register reimage reindex
    reinstall reinstate reinvite reject relaunch release reload remove rename render renew reopen
    reorder reorganize replace replay reply repost reprocess rerank rerun reschedule resend reset resize
    resolve restart restore resubmit resume resync retire retrieve retry revalidate revert revise
    revoke rewind rollback rotate sanitize save select send serve set show shutdown simulate skip snooze
    solve sort specify start stop store strip submit subscribe succeed suggest summarize suspend swap
    synchronize synthesize take terminate throttle tokenize touch transcribe transform translate
    trigger truncate unapprove unarchive unassign unban unblock unclaim uncancel undelete undeploy undo
    unenroll unfollow unfreeze unhide uninstall unlike unlink unlist unlock unmark unmerge unmute
    unpause unpin unpublish unregister unreserve unsave unset unshare unstar unsubscribe unsuspend untag
    unwatch update upgrade upload upsert use validate verify void withdraw write zip
    """.split())
"""Verbs that begin the name of an action, alone and before a noun: `sendMessage`, `get-user`."""

WEAK = frozenset("""
    abandon access advance alert analyze annotate announce answer appeal archive arm ask assess assume
    attest audit award back backup ban batch bid bill block book boost broadcast build bulk bump buy
    call charge check checkout checkin clean close collect comment commit compile compress
    connect contact copy count credit crop cut debit debug deposit design diff disarm disburse
    discuss dispute download draft draw drop dump echo end engage escalate exchange export fail
    favorite filter fire fix flag flush follow force fork format forward fund gift group guess hangup
    handle help hold host import index issue kill label like link load lock log login logout look
    mail map match measure mirror mock monitor move multicast mutate narrowcast nudge offer open
    order override pair park parse patch pay peek pin ping pipe place plan play plot poke poll
    pop preauthorize predict present print prioritize process profile proxy prune pull push query queue
    quit quote raise rank rate react read rearm recall record recycle redraw refund regress
    remind repair repeat report request requeue rescue research reserve respond rest retrain
    return reverse review rewrite ring roll route run sample scale scan schedule score scrape
    scroll scrub search seed sell settle share shift ship shuffle sign signal signin signoff signout
    signup sleep speak spend split spread stage stall star stash step strike stream submit survey
    switch sync tag tail talk test text tip toggle top topup tour track trade train transfer
    transition translate transmit trash travel treat trim trust try tune turn type unarm undispute view
    visit vote wait wake walk warm warn watch wipe wrap zoom rethrottle reroute
    """.split())
"""Verbs that are nouns as well: alone on a POST they name an action, before a noun rarely."""

BEFORE_NOUN = frozenset("""
    block check collect connect copy count download draft export fix follow force fork fund import
    lock merge move mute preauthorize present process query raise refund reserve run schedule submit
    switch sync track transfer transition
    """.split())
"""Verbs of the second kind that are verbs before a noun as well, below an item: `refund_payment`."""

GETTERS = frozenset("""
    access describe display fetch find get load lookup obtain query read receive retrieve return see
    select show view
    """.split())
"""Verbs that say no more than GET does."""

LISTERS = frozenset("browse enumerate index list".split())
CREATORS = frozenset("add create generate insert make new post put save store".split())
UPDATERS = frozenset("alter change edit modify patch post put save update".split())
DELETERS = frozenset("del delete destroy drop erase".split())

READING_ACTIONS = frozenset("""
    authorize autocomplete calculate check compare compute count convert decode detect diff discover
    download echo encode estimate evaluate exists explain export fetch filter find generate geocode
    get has identify is list login logout lookup parse ping predict preview query read recommend
    render resolve retrieve reverse scan search show simulate suggest summarize test tokenize track
    translate unsubscribe validate verify
    """.split())
"""Verbs that make the last segment of a GET path an action: `/users/search`."""

REMOVING_ACTIONS = frozenset("""
    cancel clear delete destroy detach disable disconnect dismiss drop erase flush leave logout purge
    remove reset revoke signout stop terminate unassign unblock unfollow unlink unlock unpin unstar
    unsubscribe untag wipe
    """.split())
"""Verbs that make the last segment of a DELETE path an action."""

PARTICLES = frozenset("all as back by down for from in into off on out to up with".split())
"""What makes a verb of a word that is a noun as well: `sign-in`, `search-by-name`."""

STOPWORDS = frozenset("""
    a an and api at authenticated by current existing for from given id ids in into is it my new of
    on one or our own per single specific specified that the their this to using v1 v2 v3 via with
    your
    """.split())
"""Words of an operationId that tell nothing apart."""

QUALIFIERS = frozenset("as by for from in to via with within without".split())
"""Words at which the distinguishing part of an operationId begins: `update pet with form`."""

_PLURALS = frozenset("children data feet indices media men people series women".split())
_SINGULARS = frozenset(
    "alias analytics atlas basis bonus bus campus canvas census corpus dns gps https ios lens menus "
    "news plus sms status synopsis tos aws kubernetes redis sepsis us is has as".split()
)


def canonical(word: str) -> str:
    """The American spelling, which the tables have: `sanitise` -> `sanitize`."""
    return f"{word[:-3]}ize" if word.endswith("ise") else word


def is_strong(word: str) -> bool:
    """Whether the word is hardly ever a noun: `create`, `batch_delete`."""
    return canonical(word.rpartition("_")[2]) in STRONG


def is_verb(word: str) -> bool:
    """Whether the word can name an action at all."""
    return is_strong(word) or word in WEAK


def is_plural(word: str) -> bool:
    """Whether the word is the plural of a noun: `people`, `payouts`; not `status`, `process`."""
    if word in _PLURALS:
        return True
    return word not in _SINGULARS and singular(word) != word
