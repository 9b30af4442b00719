"""The web process and the commands: webhooks, staff API and page, codec server, relays, command line."""
