import threading

import pytest
from django.db import connection

from documents.errors import Conflict
from documents.members import change_role, remove_member
from documents.models import Membership
from documents.roles import Role


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("leave", ["remove", "step down"])
def test_of_two_owners_who_leave_at_once_one_stays(document, bob, leave):
    Membership.objects.filter(document=document, user=bob).update(role=Role.OWNER)
    owners = list(Membership.objects.filter(document=document, role=Role.OWNER))
    together = threading.Barrier(2, timeout=20)
    outcomes = []

    def go(membership: Membership) -> None:
        together.wait()
        try:
            if leave == "remove":
                remove_member(membership=membership)
            else:
                change_role(membership=membership, role=Role.VIEWER)
            outcomes.append("gone")
        except Conflict:
            outcomes.append("stayed")
        except Exception as error:  # noqa: BLE001 (reported by the test)
            outcomes.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=go, args=[owner]) for owner in owners]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["gone", "stayed"]
    assert Membership.objects.filter(document=document, role=Role.OWNER).count() == 1
