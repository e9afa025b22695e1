"""Reading a finished run: its tables, which rows a method has, and how a choice among starts is judged."""
