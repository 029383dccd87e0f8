"""What `rumbo check` looks at, one subject a module. Each check reads the desk and tells problems; none changes a file."""
