"""Every path: parse, call the service once, write the answer."""

from daybreak.server.routes.catalogue import router as catalogue
from daybreak.server.routes.events import router as events
from daybreak.server.routes.experiments import router as experiments
from daybreak.server.routes.files import router as files
from daybreak.server.routes.lists import router as lists
from daybreak.server.routes.models import router as models
from daybreak.server.routes.onboarding import router as onboarding
from daybreak.server.routes.options import router as options
from daybreak.server.routes.probes import router as probes
from daybreak.server.routes.recommend import router as recommend
from daybreak.server.routes.users import router as users

ROUTERS = (
    probes,
    recommend,
    onboarding,
    lists,
    catalogue,
    users,
    events,
    models,
    experiments,
    files,
    options,
)

__all__ = ["ROUTERS"]
