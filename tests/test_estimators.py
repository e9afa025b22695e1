"""Gradient estimators of unrolls against closed forms, plain loops over particles, and autograd; all in float64."""

import math
from dataclasses import dataclass

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from hypersvg.maths.estimators import evolution, unrolls
from hypersvg.maths.estimators.differentiation import Backpropagation, ForwardMode
from hypersvg.maths.estimators.evolution import Evolution, PesAnalytic, TruncatedEvolution, es_single, full_es, pes
from hypersvg.maths.estimators.unrolls import GradientEstimator, InnerProblem, Objective, State
from hypersvg.maths.random import torch_generator

P64 = torch.float64
THETA = torch.tensor([0.7, -0.4], dtype=P64)
SIGMA = 0.3


@dataclass(frozen=True)
class Linear:
    """s ← A s + B θ + c from a start that the problem's number decides; loss ½‖s − target‖² of the new state."""

    length: int | None = 6
    parameters: int = 2

    def start(self, problems: Tensor) -> State:
        return {"s": torch.stack([problems * 0.1, 1 - problems * 0.05, problems * 0 + 0.5], dim=1).to(P64)}

    def advance(self, state: State, theta: Tensor) -> tuple[State, Tensor]:
        mix = torch.tensor([[0.9, 0.3, 0.0], [-0.2, 0.8, 0.4], [0.1, 0.0, 0.95]], dtype=P64)
        into = torch.tensor([[1.0, 0.0], [0.5, -1.0], [0.0, 0.3]], dtype=P64)
        after = state["s"] @ mix.T + theta @ into.T + 0.05
        return {"s": after}, 0.5 * (after - 1).square().sum(dim=1)


@dataclass(frozen=True)
class Remembering:
    """Keeps c·θ of its first step and pays it at every step: ∇ = T c, all of it owed to the first perturbation."""

    length: int | None = 8
    parameters: int = 2

    def start(self, problems: Tensor) -> State:
        return {"kept": torch.full((len(problems),), torch.nan, dtype=P64)}

    def advance(self, state: State, theta: Tensor) -> tuple[State, Tensor]:
        kept = torch.where(state["kept"].isnan(), theta @ torch.tensor([1.0, -2.0], dtype=P64), state["kept"])
        return {"kept": kept}, kept


@dataclass(frozen=True)
class PaysAtTheEnd:
    """Sums θ's first entry over its steps and pays the sum at its last step alone: ∇ = (T, 0)."""

    length: int | None = 5
    parameters: int = 2

    def start(self, problems: Tensor) -> State:
        return {"sum": torch.zeros(len(problems), dtype=P64), "step": torch.zeros(len(problems), dtype=torch.int64)}

    def advance(self, state: State, theta: Tensor) -> tuple[State, Tensor]:
        total, step = state["sum"] + theta[:, 0], state["step"] + 1
        return {"sum": total, "step": step}, torch.where(step == self.length, total, torch.zeros_like(total))


def whole(estimator: GradientEstimator, problem: InnerProblem, generator: torch.Generator) -> Tensor:
    """The sum of an inner problem's estimates at a constant θ."""
    carried, total = estimator.begin(), torch.zeros(2, dtype=P64)
    for _ in range(problem.length or 1):
        estimate, carried = estimator.estimate(carried, THETA, generator)
        total += estimate.gradient
        if carried.step == 0:
            return total
    raise AssertionError("the inner problem did not end")


def truth(problem: InnerProblem, objective: Objective = "sum", particles: int = 1) -> Tensor:
    """∇ of the whole inner problem's loss, by autograd in one piece."""
    estimator = Backpropagation(problem, None, objective, particles)
    return estimator.estimate(estimator.begin(), THETA)[0].gradient


def moments(estimator: GradientEstimator, problem: InnerProblem, repeats: int) -> tuple[Tensor, Tensor]:
    """Mean and covariance's diagonal of an inner problem's summed estimates."""
    generator = torch_generator(5, "moments")
    found = torch.stack([whole(estimator, problem, generator) for _ in range(repeats)])
    return found.mean(dim=0), found.var(dim=0)


def estimators(
    problem: InnerProblem, pairs: int, truncation: int, objective: Objective = "sum"
) -> dict[str, Evolution]:
    return {
        "full": full_es(problem, pairs, SIGMA, objective),
        "pes": pes(problem, pairs, SIGMA, truncation, objective),
        "single": es_single(problem, pairs, SIGMA, truncation, objective),
        "interval 2": Evolution(problem, pairs, SIGMA, truncation, 2, objective),
        "analytic": PesAnalytic(problem, pairs, SIGMA, truncation, 1, objective),
    }


@pytest.mark.parametrize("objective", ["sum", "final"])
@pytest.mark.parametrize("name", ["full", "pes", "single", "interval 2", "analytic"])
def test_an_inner_problems_estimates_sum_to_its_gradient_on_quadratics(name: str, objective: Objective) -> None:
    problem, pairs, repeats = Linear(), 40, 300
    mean, variance = moments(estimators(problem, pairs, 2, objective)[name], problem, repeats)
    expected = truth(problem, objective, pairs)
    assert bool(((mean - expected).abs() < 4 * (variance / repeats).sqrt()).all())


@pytest.mark.parametrize("carry", ["mean", "perturbed"])
def test_truncated_es_and_truncated_backpropagation_are_biased(carry: evolution.Carry) -> None:
    problem = Linear()
    expected = truth(problem)
    mean, variance = moments(TruncatedEvolution(problem, 40, SIGMA, 2, carry), problem, 100)
    assert bool(((mean - expected).abs() > 20 * (variance / 100).sqrt()).any())
    assert float((whole(Backpropagation(problem, 2), problem, torch_generator(1)) - expected).norm()) > 1


def test_the_variance_on_a_quadratic_is_p_plus_one_gradients_squared() -> None:
    problem, pairs, repeats = Linear(), 10, 1500
    fixed = replace_start(problem)
    _, variance = moments(es_single(fixed, pairs, SIGMA, 2), fixed, repeats)
    expected = 3 * float(truth(fixed).square().sum())
    assert pairs * float(variance.sum()) == pytest.approx(expected, rel=4 * math.sqrt(2 / repeats))


def replace_start(problem: Linear) -> InnerProblem:
    """The same inner problem whatever its number."""

    class Fixed(Linear):
        def start(self, problems: Tensor) -> State:
            return super().start(torch.zeros_like(problems))

    return Fixed(problem.length)


@pytest.mark.parametrize("unrolls", [1, 2, 4, 8])
def test_with_more_unrolls_the_variance_of_pes_grows_and_that_of_es_single_stays(unrolls: int) -> None:
    """Closed form for a loss owed to the first of U windows: (P + 1) + P (U − 1)(2U − 1) / 6U, times ‖∇L‖²."""
    problem, pairs, repeats = Remembering(), 10, 1200
    size, slack = float(truth(problem).square().sum()), 4 * math.sqrt(2 / repeats)
    grown = 3 + 2 * (unrolls - 1) * (2 * unrolls - 1) / (6 * unrolls)
    for make, expected in ((pes, grown), (es_single, 3.0)):
        _, variance = moments(make(problem, pairs, SIGMA, 8 // unrolls), problem, repeats)
        assert pairs * float(variance.sum()) / size == pytest.approx(expected, rel=slack)


def test_one_unroll_of_the_whole_problem_makes_all_of_them_full_es() -> None:
    problem = Linear()
    found = [
        estimator.estimate(estimator.begin(), THETA, torch_generator(3))[0].gradient
        for estimator in (
            full_es(problem, 7, SIGMA),
            pes(problem, 7, SIGMA, 6),
            es_single(problem, 7, SIGMA, 6),
            Evolution(problem, 7, SIGMA, 6, 3),
            TruncatedEvolution(problem, 7, SIGMA, 6, "perturbed"),
        )
    ]
    assert all(torch.equal(one, found[0]) for one in found)


@pytest.mark.parametrize(("interval", "twin"), [(1, pes), (3, es_single), (99, es_single)])
def test_the_interval_counts_unrolls(interval: int, twin: object) -> None:
    problem = Linear()
    one, other = Evolution(problem, 5, SIGMA, 2, interval), twin(problem, 5, SIGMA, 2)  # type: ignore[operator]
    assert torch.equal(whole(one, problem, torch_generator(3)), whole(other, problem, torch_generator(3)))


def by_loops(interval: int | None, truncation: int, pairs: int, generator: torch.Generator) -> list[Tensor]:
    """Algorithm 4 with a loop over particles, one inner problem long."""
    problem = Linear()
    particles = [(i, sign) for i in range(pairs) for sign in (1, -1)]
    states = {key: problem.start(torch.tensor([key[0]])) for key in particles}
    epsilon, credit = {}, {key: torch.zeros(2, dtype=P64) for key in particles}
    estimates = []
    for window in range(math.ceil(6 / truncation)):
        if window == 0 or (interval and window % interval == 0):
            drawn = torch.randn(pairs, 2, generator=generator, dtype=P64) * SIGMA
            for i, sign in particles:
                epsilon[i, sign] = sign * drawn[i]
                credit[i, sign] = credit[i, sign] + epsilon[i, sign]
        total = torch.zeros(2, dtype=P64)
        for key in particles:
            loss = torch.zeros(1, dtype=P64)
            for _ in range(min(truncation, 6 - window * truncation)):
                states[key], paid = problem.advance(states[key], (THETA + epsilon[key]).unsqueeze(0))
                loss = loss + paid
            total += credit[key] * loss
        estimates.append(total / (len(particles) * SIGMA**2))
    return estimates


@pytest.mark.parametrize("interval", [1, 2, None])
@pytest.mark.parametrize("truncation", [1, 2, 4, 6])
def test_every_estimate_equals_algorithm_4_in_a_loop_over_particles(interval: int | None, truncation: int) -> None:
    estimator = Evolution(Linear(), 3, SIGMA, truncation, interval)
    carried, generator = estimator.begin(), torch_generator(4)
    for expected in by_loops(interval, truncation, 3, torch_generator(4)):
        estimate, carried = estimator.estimate(carried, THETA, generator)
        assert torch.allclose(estimate.gradient, expected, rtol=1e-12, atol=1e-12)
    assert carried.step == 0
    assert carried.problem == 3


def test_swapping_the_members_of_every_pair_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = Linear()
    before = {name: whole(one, problem, torch_generator(2)) for name, one in estimators(problem, 5, 2).items()}
    drawn = evolution.perturbations
    monkeypatch.setattr(evolution, "perturbations", lambda *arguments: -drawn(*arguments))
    for name, one in estimators(problem, 5, 2).items():
        assert torch.allclose(whole(one, problem, torch_generator(2)), before[name], rtol=1e-13)


@pytest.mark.parametrize("truncation", [1, 2, 5])
def test_the_last_loss_before_a_reset_is_credited_in_full(truncation: int) -> None:
    """PES by hand: the only loss comes with the last window and is owed to every perturbation so far."""
    problem, windows = PaysAtTheEnd(), math.ceil(5 / truncation)
    generator, pairs = torch_generator(6), 4
    found = whole(pes(problem, pairs, SIGMA, truncation), problem, torch_generator(6))
    drawn = [torch.randn(pairs, 2, generator=generator, dtype=P64) * SIGMA for _ in range(windows)]
    lengths = [min(truncation, 5 - window * truncation) for window in range(windows)]
    loss = sum(length * epsilon[:, :1] for length, epsilon in zip(lengths, drawn, strict=True))
    assert torch.allclose(found, (torch.stack(drawn).sum(dim=0) * loss).mean(dim=0) / SIGMA**2, rtol=1e-12)
    assert torch.equal(truth(problem), torch.tensor([5.0, 0.0], dtype=P64))


def test_telescoping_windows_sum_to_the_final_loss() -> None:
    problem = Linear()
    state, loss = problem.start(torch.zeros(1, dtype=torch.int64)), torch.zeros(1, dtype=P64)
    leaf = THETA.clone().requires_grad_(True)
    for _ in range(6):
        state, loss = problem.advance(state, leaf.unsqueeze(0))
    estimator = ForwardMode(problem, 2, "final")
    carried, total = estimator.begin(), torch.zeros((), dtype=P64)
    for _ in range(3):
        estimate, carried = estimator.estimate(carried, THETA)
        total += estimate.loss
    assert float(total) == pytest.approx(float(loss.detach()), rel=1e-13)
    expected = torch.autograd.grad(loss.sum(), leaf)[0]
    assert torch.allclose(whole(estimator, problem, torch_generator(0)), expected, rtol=1e-12)


@pytest.mark.parametrize("truncation", [1, 2, 4, None])
@pytest.mark.parametrize("objective", ["sum", "final"])
def test_forward_mode_sums_to_full_backpropagation(truncation: int | None, objective: Objective) -> None:
    problem = Linear()
    found = whole(ForwardMode(problem, truncation, objective, 3), problem, torch_generator(0))
    assert torch.allclose(found, truth(problem, objective, 3), rtol=1e-12)


def test_a_mean_is_the_sum_over_the_windows_steps() -> None:
    problem = Linear()
    for make in (pes, es_single):
        one, other = (make(problem, 3, SIGMA, 3, objective) for objective in ("sum", "mean"))
        gradients = [
            estimator.estimate(estimator.begin(), THETA, torch_generator(0))[0].gradient for estimator in (one, other)
        ]
        assert torch.allclose(gradients[0], 3 * gradients[1], rtol=1e-13)


@given(length=st.integers(1, 9), truncation=st.integers(1, 12), interval=st.integers(1, 4), pairs=st.integers(1, 3))
def test_windows_cover_every_inner_problem_once_and_charge_each_particle(
    length: int, truncation: int, interval: int, pairs: int
) -> None:
    estimator = Evolution(Linear(length), pairs, SIGMA, truncation, interval)
    carried, generator, charged = estimator.begin(), torch_generator(1), 0
    for _ in range(2 * math.ceil(length / truncation)):
        estimate, carried = estimator.estimate(carried, THETA, generator)
        charged += estimate.inner_steps
    assert charged == 2 * length * 2 * pairs
    assert (carried.step, carried.problem) == (0, 2 * pairs)


def test_the_mean_run_of_truncated_es_is_charged() -> None:
    estimator = TruncatedEvolution(Linear(), 5, SIGMA, 2)
    assert estimator.estimate(estimator.begin(), THETA, torch_generator(0))[0].inner_steps == 2 * 11


@pytest.mark.parametrize(("shared", "numbers"), [(False, [3, 3, 4, 4]), (True, [3, 3, 3, 3])])
def test_the_members_of_a_pair_share_their_inner_problem_and_all_pairs_do_on_request(
    shared: bool, numbers: list[int]
) -> None:
    problem = Linear()
    carried = Evolution(problem, 2, SIGMA, 2, shared=shared).begin(3)
    assert torch.equal(carried.state["s"], problem.start(torch.tensor(numbers))["s"])


def test_particles_that_are_unrolled_a_few_at_a_time_give_the_same_estimates(monkeypatch: pytest.MonkeyPatch) -> None:
    problem, found = Linear(), []
    for largest in (unrolls.LARGEST, 4 * 3 * 8):  # all five pairs, and two of them: 3 numbers of 8 bytes a particle
        monkeypatch.setattr(unrolls, "LARGEST", largest)
        assert unrolls.together(problem.start(torch.arange(10))) == (4 if largest < 1000 else 10)
        several = [*estimators(problem, 5, 2).values(), TruncatedEvolution(problem, 5, SIGMA, 2)]
        several += [Backpropagation(problem, 2, particles=10), ForwardMode(problem, 2, particles=10)]
        found.append([whole(one, problem, torch_generator(2)) for one in several])
    for one, other in zip(*found, strict=True):
        assert torch.allclose(one, other, rtol=1e-13)


def test_an_estimate_is_a_pure_function_of_what_is_carried() -> None:
    problem = Linear()
    for estimator in (
        *estimators(problem, 3, 2).values(),
        TruncatedEvolution(problem, 3, SIGMA, 2),
        ForwardMode(problem, 2),
    ):
        carried = estimator.estimate(estimator.begin(), THETA, torch_generator(1))[1]
        one, other = (estimator.estimate(carried, THETA, torch_generator(2)) for _ in range(2))
        assert torch.equal(one[0].gradient, other[0].gradient)
        assert all(torch.equal(one[1].state[name], other[1].state[name]) for name in one[1].state)


@pytest.mark.parametrize(
    "make",
    [
        lambda: full_es(Linear(None), 3, SIGMA),
        lambda: pes(Linear(), 0, SIGMA, 2),
        lambda: pes(Linear(), 3, 0.0, 2),
        lambda: pes(Linear(), 3, SIGMA, 0),
        lambda: Evolution(Linear(), 3, SIGMA, 2, 0),
        lambda: PesAnalytic(Linear(), 3, SIGMA, 2, None),
        lambda: TruncatedEvolution(Linear(), 0, SIGMA, 2),
        lambda: Backpropagation(Linear(None)),
    ],
)
def test_settings_that_make_no_estimator_are_refused(make: object) -> None:
    with pytest.raises(ValueError, match=r"interval|positive|truncation"):
        make()  # type: ignore[operator]
