"""Prior authorization, line by line: submit, wait for the payer, its clock, documents, disputes."""
