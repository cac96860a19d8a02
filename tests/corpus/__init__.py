"""The corpus: every document beside the checkout, generated and used (`make corpus`)."""
