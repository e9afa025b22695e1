"""The typed settings, one block a concern. Every field's description is also its line in ``config/config.yaml``.

Fields marked "ledger" are choices that the thesis leaves open (:mod:`hypersvg.ledger`); the literal reading stays
selectable. The learned methods have their blocks in :mod:`hypersvg.settings.methods`.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, PositiveInt, model_validator

from hypersvg.settings.base import Block, LogRate, Rate, Widths
from hypersvg.settings.combinations import impossible
from hypersvg.settings.estimators import Beyond, Influence
from hypersvg.settings.estimators_meta import Fashion, Learned, Many, Smoothing
from hypersvg.settings.estimators_training import Heuristic, Schedule, Stability, Unrolled
from hypersvg.settings.extensions import Extensions
from hypersvg.settings.groups import Group
from hypersvg.settings.methods import Offline, Online, Ppo, Svg
from hypersvg.settings.tuning import Copying, Ridge

Iterate = Annotated[float, Field(ge=-1e4, le=1e4)]


class Run(Block):
    """What is run, and with how much of the machine."""

    seeds: Annotated[int, Field(ge=1, le=10_000)] = 6
    """Number of seeds, 0 … seeds − 1; raising it extends a finished run."""
    seed_block: PositiveInt = 6
    """Seeds a job trains together; the jobs of earlier blocks are not redone when seeds are added."""
    fresh_seeds: PositiveInt = 8
    """Further seeds of every seed, used by no method, on which its chosen rates are evaluated again."""
    threads: PositiveInt = 1
    """Threads of one job; fixed here because results depend on it to the last bit."""
    device: Literal["auto", "cpu", "cuda"] = "cpu"
    """Where tensors live; auto takes a GPU when there is one."""
    memory_gib: Annotated[float, Field(gt=0)] = 5.0
    """Memory one job may use for surrogates trained side by side; where two do not fit, they train one at a time."""
    checkpoint_minutes: Annotated[float, Field(ge=0)] = 5.0
    """Minutes between two checkpoints of a long job, which goes on from the last one when it was interrupted; 0: one at
    every step. No result depends on it."""
    group: Group = "thesis"
    """Whose stages, exhibits and claims the run is made of; config/variants/estimators.yaml asks for the estimators."""


class Data(Block):
    """The images."""

    source: Literal["auto", "mnist", "digits"] = "auto"
    """auto: MNIST, else scikit-learn's digits as a stamped stand-in; mnist: MNIST or an error; digits: the stand-in."""
    limit: Annotated[int, Field(ge=700, le=70_000)] | None = None
    """Use only this many images (split 5:1:1 like the whole); null for all 70,000."""
    validation: Literal["held_out", "test"] = "held_out"
    """held_out: a sixth of the training images; test: the test images themselves, and all training images to train on
    (ledger: the thesis says "validation" and describes no split)."""
    curve_images: PositiveInt = 1000
    """Validation images behind every point of a curve; numbers that are quoted use all of them."""


class Inner(Block):
    """The inner problem: what the true optimizer trains, and how."""

    hidden: Widths = Field([32, 32])
    """Hidden widths of the inner network (Table 4.3: 784-32-32-10)."""
    optimizer: Literal["sgd", "momentum", "nesterov", "adam"] = "adam"
    """The true optimizer (ledger: the text says SGD, Algorithm 3 and the tables' numbers say Adam)."""
    batch_size: PositiveInt = 256
    """Minibatch size (ledger: not given; `make identify` names it, see docs/protocol.md)."""
    scaling: Literal["unit", "standardised"] = "unit"
    """Pixels in [0, 1], or shifted and scaled to MNIST's mean and standard deviation (ledger)."""
    initialisation: Literal["he_uniform", "glorot"] = "he_uniform"
    """First weights of the inner network in the SVG experiments and the baselines (Table 4.3; ledger)."""
    activation: Literal["elu", "tanh", "relu"] = "elu"
    """Activation of the inner network in the SVG experiments and the baselines (Table 4.3; ledger)."""


class Toy(Block):
    """The toy task of Metz 2021 and its imitation optimizer (section 4.1)."""

    momenta: list[Annotated[float, Field(ge=0, lt=1)]] = Field([0.0, 0.9], min_length=1)
    """Momenta of the true optimizer, one imitation each; with 0.9 the state (iterate, rate) is not Markov (ledger)."""
    hidden: Widths = Field([32, 32])
    """Hidden widths of the imitation network, ReLU (Table 4.3: 32, 32, 1; ledger: its "(256, 256, 1)")."""
    start_range: Annotated[float, Field(gt=0, le=1e4)] = 10.0
    """Starts are drawn from [−start_range, start_range] (Table 4.3)."""
    evaluation_starts: list[Iterate] = Field([7.0, -8.0, -3.0, 3.0], min_length=1)
    """Unseen starts of the drawn rollouts (Table 4.3: 7)."""
    evaluation_rate: Rate = 0.03
    """Learning rate of the drawn rollouts; below 0.042, where plain SGD is stable at the global minimum."""
    log_rate_range: tuple[LogRate, LogRate] = (-3.0, 0.0)
    """log10 of the smallest and largest rate of the trajectories (ledger: "varies"; Metz 2021 draws -3 to 2)."""
    trajectories: Annotated[int, Field(ge=10)] = 400
    """Trajectories a seed, of which a fifth is held out."""
    steps: PositiveInt = 50
    """Length of a trajectory (Metz 2021)."""
    updates: PositiveInt = 4000
    """Adam updates of the imitation network."""
    batch_size: PositiveInt = 512
    """Transitions in an update."""
    learning_rate: Rate = 0.01
    """Adam's learning rate for the imitation network, decayed to zero by a cosine."""


class Trajectories(Block):
    """The offline data set (section 4.3.1)."""

    count: Annotated[int, Field(ge=5)] = 60
    """Trajectories a seed (ledger: not given)."""
    steps: PositiveInt = 20
    """Inner steps of a trajectory."""
    rates: Literal["log_uniform", "uniform"] = "log_uniform"
    """Distribution of the learning rates (ledger: not given)."""
    lowest: Rate = 1e-5
    """Smallest rate (the bounds of section 4.3.3; ledger)."""
    highest: Rate = 0.1
    """Largest rate (the bounds of section 4.3.3; ledger)."""
    held_out: Annotated[float, Field(gt=0, lt=1)] = 0.2
    """Share of trajectories held out of the surrogate's training (ledger: Algorithm 6's D_val)."""


class Baselines(Block):
    """Grid, random search and Bayesian optimization (sections 4.3.2 and 4.3.3)."""

    random_draws: PositiveInt = 6
    """Uniform draws of random search (Table 4.4)."""
    lowest: Rate = 1e-5
    """Lower bound of random search and Bayesian optimization."""
    highest: Rate = 0.1
    """Upper bound of random search and Bayesian optimization."""
    bo_initial: PositiveInt = 100
    """Initial points of Bayesian optimization (ledger: 100 + 100, or 100 in total)."""
    bo_iterations: Annotated[int, Field(ge=0)] = 100
    """Further evaluations chosen by the Gaussian process (ledger: see bo_initial)."""
    bo_steps: PositiveInt = 20
    """Inner steps of one evaluation (section 4.3.3)."""
    bo_noise: Annotated[float, Field(gt=0)] = 1e-2
    """Noise variance of the Gaussian process, relative to the targets' variance (ledger: the library has 1e-6)."""
    fine_grid: PositiveInt = 17
    """Rates of the fine grid behind the best-constant control arm."""


class Runtimes(Block):
    """Each method alone, unbatched (Fig. 4.11, table_budgets)."""

    repeats: PositiveInt = 6
    """Timed repeats of every method of Fig. 4.11, after a warm one; two, at most, of anything else."""
    steps: PositiveInt = 100
    """Steps of every run; warm-ups come on top."""


class Settings(Block):
    """All settings of one run."""

    run: Run = Run()
    data: Data = Data()
    inner: Inner = Inner()
    toy: Toy = Toy()
    trajectories: Trajectories = Trajectories()
    ppo: Ppo = Ppo()
    svg: Svg = Svg()
    offline: Offline = Offline()
    online: Online = Online()
    baselines: Baselines = Baselines()
    runtimes: Runtimes = Runtimes()
    influence: Influence = Influence()
    ridge: Ridge = Ridge()
    copying: Copying = Copying()
    fashion: Fashion = Fashion()
    learned: Learned = Learned()
    smoothing: Smoothing = Smoothing()
    many: Many = Many()
    unrolled: Unrolled = Unrolled()
    schedule: Schedule = Schedule()
    stability: Stability = Stability()
    heuristic: Heuristic = Heuristic()
    beyond: Beyond = Beyond()
    extensions: Extensions = Field(Extensions(), exclude_if=lambda block: block == Extensions())
    """Left out of written settings where it is empty: a run without extensions is the same run as ever."""

    @model_validator(mode="after")
    def possible(self) -> Self:
        """Refuse combinations that no run can satisfy."""
        problem = impossible(self)
        if problem:
            raise ValueError(problem)
        return self
