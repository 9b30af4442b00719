"""The doors: intake webhooks, payer notifications, the staff's HTTP API and page, the codec server, the commands."""
