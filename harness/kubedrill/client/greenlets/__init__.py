"""Client: waiting and connections for many requests at once in a process: the only part that needs gevent."""
