"""Write the first `.env` with fresh secrets; run as `python -m mjportal.firstrun`.

Plain Python on purpose: it must work before Django's settings can load.
"""

import secrets
import sys
from base64 import urlsafe_b64encode
from pathlib import Path

TEMPLATE = """\
# Written by the first run. Keep it private: whoever has ENCRYPTION_KEYS and the database has every API key.
SECRET_KEY={secret_key}
ENCRYPTION_KEYS={encryption_key}

# The sandbox that `make run` starts. For the real provider: https://api.kie.ai and https://kieai.redpandaai.co
KIE_API_URL=http://127.0.0.1:8001
KIE_UPLOAD_URL=http://127.0.0.1:8001
SANDBOX_KEY={sandbox_key}

# Only compose.yaml reads this one: the password of the PostgreSQL it starts.
POSTGRES_PASSWORD={postgres_password}
"""


def write_environment(path: Path) -> bool:
    """Create `path` with fresh secrets unless it exists. Returns whether it was written."""
    try:
        with path.open("x", encoding="ascii") as file:
            path.chmod(0o600)
            file.write(
                TEMPLATE.format(
                    secret_key=secrets.token_urlsafe(48),
                    encryption_key=urlsafe_b64encode(secrets.token_bytes(32)).decode(),
                    sandbox_key=secrets.token_hex(16),
                    postgres_password=secrets.token_hex(16),
                )
            )
    except FileExistsError:
        return False
    return True


if __name__ == "__main__":
    target = Path(sys.argv[1] if len(sys.argv) > 1 else ".env")
    if write_environment(target):
        sys.stdout.write(f"Wrote {target} with fresh secrets.\n")
