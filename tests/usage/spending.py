"""Five hundred sends from sixteen threads against two budgets. Prints what was made and spent, as JSON.

A process of its own where the database is SQLite, `python -m tests.usage.spending`: the tests' own lives in memory,
where threads don't wait for each other as they do for a file.
"""

import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

SENDS, THREADS = 500, 16
TEAM_CREDITS, PERSON_CREDITS = 200, 160


def spend() -> dict[str, Any]:
    """Send; returns the tasks made, and for each budget what is used of it."""
    from django.db import connection

    from accounts import teams
    from accounts.models import User
    from accounts.services import connect_key
    from kie.parameters import validate
    from tasks import lifecycle
    from tasks.models import Task
    from tests.desk import new_nonce
    from usage import budgets
    from usage.models import Budget

    alone, teamed = (User.objects.create_user(f"{name}@example.com") for name in ("alone", "teamed"))
    for user in (alone, teamed):
        connect_key(user, f"spender-key-{user.pk:08}", check=False)
    team = teams.create(teamed, "Spenders")
    Budget.objects.create(team=team, credits=TEAM_CREDITS)
    Budget.objects.create(user=alone, credits=PERSON_CREDITS)
    values = validate({"task_type": "mj_txt2img", "prompt": "paper boats", "speed": "fast"})

    def send(number: int) -> bool:
        who, where = (teamed, team.pk) if number % 2 else (alone, None)
        try:
            lifecycle.create(who, values, nonce=new_nonce(), team_id=where)
        except budgets.OverBudget:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(THREADS) as pool:
        said = sum(pool.map(send, range(SENDS)))
    used = {budget.team_id: int(budgets.standing_of(budget).used) for budget in Budget.objects.all()}
    made = Task.objects.filter(user__in=(alone, teamed)).count()
    return {"said": said, "made": made, "team": used[team.pk], "person": used[None]}


def main() -> None:
    from tests import environment

    os.environ["DJANGO_SETTINGS_MODULE"] = "mjportal.settings"
    assert environment.ROOT
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", interactive=False, verbosity=0)
    call_command("createcachetable", verbosity=0)
    json.dump(spend(), sys.stdout)


if __name__ == "__main__":
    main()
