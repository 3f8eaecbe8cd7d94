"""The emulated AWS of the rehearsal: moto in server mode, and from outside what moto lacks.

Where to start reading:

* ``server.py`` starts everything and lists the seams of moto that are patched (another version of moto fails there).
* ``resource_types.py`` is how a CloudFormation type with state is added; ``lifecycle.py`` is the one way in which any
  resource of a stack is created, updated and deleted; ``registry_types.py`` models every other type from its schema.
* ``authorization.py`` decides whether a principal may do something; ``gatekeeper.py`` asks it for every request.

moto itself is never forked or edited.
"""
