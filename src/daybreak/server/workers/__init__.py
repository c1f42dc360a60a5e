"""Several server processes over one store, at one address.

May import all of :mod:`daybreak.server`. Start reading at
:func:`daybreak.server.workers.parent.serve_workers`; each worker runs
:func:`daybreak.server.workers.worker.run_worker`. :mod:`daybreak.server.links` has what they
share.
"""
