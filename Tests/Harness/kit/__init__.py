"""What the harness's tests are written with: the program under test, the wire, documents, checks."""
