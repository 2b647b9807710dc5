"""The functions of the templates, run by AWS's own runtime interface client in processes of their own."""
