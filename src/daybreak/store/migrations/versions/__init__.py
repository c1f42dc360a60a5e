"""One module a version; the newest is :data:`daybreak.store.schema.VERSION`."""
