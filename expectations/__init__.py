"""What must hold at the two borders, as code: sources before we believe them, lists before they leave.

Each module turns a contract table or a list's entry into rules and into a Great Expectations suite."""
