"""The conformance suite: every check catches the flaw it is there for, and passes what is honest."""

import pytest
import torch

from hypersvg.conformance import controllers, examined, tasks
from hypersvg.extensions import ExtensionError
from hypersvg.tasks.base import Wrapped


class Keep:
    """The honest controller that the flawed ones are made from."""

    def __init__(self, task=None, seeds=(), starts=()) -> None:
        self.task, self.seeds, self.rate = task, seeds, torch.tensor(starts).repeat(len(seeds))

    def rates(self, step, parameters):
        return self.rate

    def observe(self, transition):
        pass


class TooHigh(Keep):
    def rates(self, step, parameters):
        return self.rate + 10


class Global(Keep):
    def rates(self, step, parameters):
        return self.rate * (0.5 + 0.5 * torch.rand(()))


class Entangled(Keep):
    def rates(self, step, parameters):
        return self.rate / len(self.rate)


class Spreading(Keep):
    def observe(self, transition):
        self.rate = self.rate / (1 + (~transition.alive).sum())


class Meddling(Keep):
    def observe(self, transition):
        transition.after.mul_(0.9)


class Peeking(Keep):
    def observe(self, transition):
        self.task.accuracy(transition.after, "test")


class Forgetful(Keep):
    def observe(self, transition):
        self.rate = self.rate * 0.9

    def state(self):
        return {}

    def load(self, state):
        pass


FLAWED = {
    "rates_are_finite_and_within_bounds": TooHigh,
    "the_same_seed_gives_the_same_bytes": Global,
    "a_seed_does_not_depend_on_the_seeds_beside_it": Entangled,
    "a_diverging_run_leaves_its_neighbours_alone": Spreading,
    "it_looks_without_touching": Meddling,
    "it_chooses_without_the_test_images": Peeking,
    "it_goes_on_where_its_state_was_taken": Forgetful,
}


@pytest.mark.parametrize("check", controllers.CHECKS)
def test_every_check_of_the_suite_for_controllers_catches_its_flaw_and_passes_an_honest_one(check):
    controllers.CHECKS[check](Keep)
    with pytest.raises(ExtensionError):
        controllers.CHECKS[check](FLAWED[check])


class Transposed(Wrapped):
    def accuracy(self, parameters, split):
        return super().accuracy(parameters, split)[:1]


class Unseeded(Wrapped):
    def init(self, seeds, purpose):
        return super().init(seeds, purpose) + torch.rand(())


class Halved(Wrapped):
    def loss_and_gradient(self, parameters, batch):
        loss, gradient = super().loss_and_gradient(parameters, batch)
        return loss, gradient / 2


class Averaged(Wrapped):
    def loss(self, parameters, batch):
        loss = super().loss(parameters, batch)
        return loss + loss.mean()

    def loss_and_gradient(self, parameters, batch):
        return self.loss(parameters, batch), super().loss_and_gradient(parameters, batch)[1]


class Overwriting(Wrapped):
    def validation_loss(self, parameters):
        return super().validation_loss(parameters.mul_(0.5))


FLAWED_TASKS = {
    "shapes_and_floats_are_as_declared": Transposed,
    "parameters_and_minibatches_are_functions_of_seed_and_purpose": Unseeded,
    "gradients_are_autograds": Halved,
    "runs_keep_to_themselves": Averaged,
    "nothing_is_changed_in_place": Overwriting,
}


@pytest.mark.parametrize("check", tasks.CHECKS)
def test_every_check_of_the_suite_for_tasks_catches_its_flaw_and_passes_our_own(check):
    tasks.CHECKS[check](controllers.small_task)
    with pytest.raises(ExtensionError):
        tasks.CHECKS[check](lambda: FLAWED_TASKS[check](controllers.small_task()))


def test_a_failing_check_is_reported_and_the_others_still_run():
    found = examined(controllers.CHECKS, TooHigh)
    assert [bool(finding.complaint) for finding in found] == [True] + [False] * 6
    assert found[0].line.startswith("FAILED  rates are finite and within bounds: a rate is not finite or outside")
