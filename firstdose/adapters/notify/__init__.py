"""Telling the outside: signed webhooks, e-mail, the console."""
