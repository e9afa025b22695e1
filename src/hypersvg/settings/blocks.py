"""The typed settings, one block a concern. Every field's description is also its line in ``config/config.yaml``.

Fields marked "ledger" are choices that the thesis leaves open; the literal reading stays selectable.
"""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, model_validator

from hypersvg.settings.combinations import impossible

Rate = Annotated[float, Field(gt=0, le=10)]
Rates = Annotated[list[Rate], Field(min_length=1)]
Widths = Annotated[list[PositiveInt], Field(min_length=1)]
LogRate = Annotated[float, Field(ge=-10, le=1)]
Iterate = Annotated[float, Field(ge=-1e4, le=1e4)]


class Block(BaseModel):
    """Base of all blocks: unknown keys are refused and values are frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True, allow_inf_nan=False)


class Run(Block):
    """What is run, and with how much of the machine."""

    seeds: Annotated[int, Field(ge=1, le=10_000)] = 6
    """Number of seeds, 0 … seeds − 1; raising it extends a finished run."""
    seed_block: PositiveInt = 6
    """Seeds a job trains together; the jobs of earlier blocks are not redone when seeds are added."""
    fresh_seeds: PositiveInt = 8
    """Further seeds, used by no method, on which every chosen rate is evaluated again."""
    threads: PositiveInt = 1
    """Threads of one job; fixed here because results depend on it to the last bit."""
    device: Literal["auto", "cpu", "cuda"] = "cpu"
    """Where tensors live; auto takes a GPU when there is one."""
    memory_gib: Annotated[float, Field(gt=0)] = 5.0
    """Memory one job may use for surrogates trained side by side; where two do not fit, they train one at a time."""


class Data(Block):
    """The images."""

    source: Literal["auto", "mnist", "digits"] = "auto"
    """auto: MNIST, else scikit-learn's digits as a stamped stand-in; mnist: MNIST or an error; digits: the stand-in."""
    limit: Annotated[int, Field(ge=700, le=70_000)] | None = None
    """Use only this many images (split 5:1:1 like the whole); null for all 70,000."""
    curve_images: PositiveInt = 1000
    """Validation images behind every point of a curve; numbers that are quoted use all of them."""


class Inner(Block):
    """The inner problem: what the true optimizer trains, and how."""

    hidden: Widths = [32, 32]
    """Hidden widths of the inner network (Table 4.3: 784-32-32-10)."""
    optimizer: Literal["sgd", "momentum", "nesterov", "adam"] = "adam"
    """The true optimizer (ledger: the text says SGD, Algorithm 3 and the tables' numbers say Adam)."""
    batch_size: PositiveInt = 512
    """Minibatch size (ledger: not given; see docs/protocol.md)."""
    scaling: Literal["unit", "standardised"] = "unit"
    """Pixels in [0, 1], or shifted and scaled to MNIST's mean and standard deviation (ledger)."""


class Toy(Block):
    """The toy task of Metz 2021 and its imitation optimizer (section 4.1)."""

    momenta: list[Annotated[float, Field(ge=0, lt=1)]] = Field([0.0, 0.9], min_length=1)
    """Momenta of the true optimizer, one imitation each; with 0.9 the state (iterate, rate) is not Markov (ledger)."""
    hidden: Widths = [32, 32]
    """Hidden widths of the imitation network, ReLU (Table 4.3: 32, 32, 1)."""
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
    """Trajectories a seed."""
    steps: PositiveInt = 20
    """Inner steps of a trajectory."""
    rates: Literal["log_uniform", "uniform"] = "log_uniform"
    """Distribution of the learning rates (ledger: not given)."""
    lowest: Rate = 1e-5
    """Smallest rate (the bounds of section 4.3.3)."""
    highest: Rate = 0.1
    """Largest rate (the bounds of section 4.3.3)."""
    held_out: Annotated[float, Field(gt=0, lt=1)] = 0.2
    """Share of trajectories held out of the surrogate's training."""


class Ppo(Block):
    """HyperPPO (chapter 2, section 4.2)."""

    arms: list[Literal["sparse_once", "sparse_every", "dense"]] = Field(
        ["sparse_once", "sparse_every", "dense"], min_length=1
    )
    """sparse_once: one decision is a whole episode; sparse_every: Algorithm 3, zero reward until the end; dense."""
    hidden: Widths = [64, 64]
    """Hidden widths of the policy and of the value network, Tanh (Table 4.3: 512, 64, 64)."""
    steps: PositiveInt = 20
    """Inner steps of an episode (section 4.2.1)."""
    environments: PositiveInt = 8
    """Environments stepped together."""
    iterations: PositiveInt = 30
    """PPO updates, each on one episode of every environment, in every arm."""
    epochs: PositiveInt = 4
    """Passes over a rollout in one update."""
    learning_rate: Rate = 1e-3
    """Adam's learning rate for policy and value network (ledger)."""
    clip: Annotated[float, Field(gt=0, lt=1)] = 0.2
    """PPO's clipping parameter ε."""
    lowest: Rate = 1e-5
    """Smallest learning rate the policy can choose (action −1)."""
    highest: Rate = 1.0
    """Largest learning rate the policy can choose (action +1)."""
    fixed_rate: Rate = 0.01
    """The fixed reference policy of section 4.2.1."""


class Svg(Block):
    """The surrogate, the policy and how one is trained through the other (chapter 3)."""

    surrogate: Literal["literal", "residual", "rate_scaled"] = "residual"
    """s' = g(s, a); s + g(s, a); s + a·g(s) (ledger: the thesis writes the first)."""
    rate_input: Literal["raw", "log10"] = "raw"
    """How g sees the action: the rate itself, as the thesis writes g(s, a), or its log10 (ledger)."""
    surrogate_output: Literal["zero", "he_uniform"] = "zero"
    """First weights of the surrogate's output layer (ledger: not given). Zero makes a residual form start as s' = s;
    He uniform starts a hundred times worse than that."""
    width: PositiveInt = 128
    """Hidden width of surrogate and policy, one hidden layer each (ledger: "(3072, 1), but varies")."""
    surrogate_learning_rate: Rate = 1e-4
    """λ_model of Algorithm 6, Adam (ledger: "varies")."""
    policy_learning_rate: Rate = 1e-5
    """λ_π of Algorithm 6, Adam (ledger: "varies"): at width 128 one update moves the rate by about a tenth."""
    sigma: Annotated[float, Field(gt=0)] = 0.1
    """Standard deviation of the Gaussian model (Algorithm 5); cancels wherever ξ is inferred."""
    unroll: Literal["chained", "teacher_forced", "literal"] = "chained"
    """chained: ŝ feeds the next step; teacher_forced: every step starts at the data; literal: Algorithm 5 as printed,
    ŝ unflattened without its hat, which gives no gradient (ledger)."""
    actions: Literal["once", "every_step"] = "once"
    """Offline: the policy acts once before the loop (Algorithm 5) or at every step of the unroll (ledger)."""
    noise: Literal["recorded_action", "policy_action", "none", "sampled"] = "recorded_action"
    """The ξ of the objective: inferred at the recorded action (Algorithm 4), at π(s) (Algorithm 5, which drops the
    recorded action), zero, or drawn (ledger)."""
    value_batch: Literal["fresh", "same"] = "fresh"
    """Online: the policy loss is taken on a fresh minibatch (Algorithm 5: X, Y ~ D_task) or the step's own (ledger)."""
    start: Literal["policy_bias", "step_0", "warm_up"] = "policy_bias"
    """How a starting rate enters online: as the policy's bias, as the rate of step 0 only, or for the whole warm-up
    (ledger)."""
    neutral_rate: Rate = 0.001
    """The policy's rate before it has learned, where no starting rate enters (Algorithm 6: a ← 0.001)."""
    bijection: Literal["exp", "softplus"] = "exp"
    """How the policy's output becomes a positive rate (ledger)."""
    highest: Rate = 1.0
    """Rates above this are cut (ledger)."""
    lowest: Rate = 1e-7
    """Rates below this are cut (ledger)."""
    update_first: Literal["policy", "surrogate"] = "policy"
    """Which is updated first (Algorithm 6: the policy)."""


class Offline(Block):
    """Offline SVG (sections 3.3 and 4.3.1)."""

    unrolls: list[PositiveInt] = Field([5, 10, 20], min_length=1)
    """Lengths of the unroll."""
    iterations: PositiveInt = 200
    """Iterations of Algorithm 6; the first half are the 100-iteration figures."""
    batch_trajectories: PositiveInt = 8
    """Trajectories in an update (ledger)."""
    windows: Literal["random", "first"] = "random"
    """Where an unroll shorter than its trajectory begins: at a random step, or at the first (ledger)."""
    evaluate_every: PositiveInt = 5
    """Iterations between two evaluations of the values (ii)–(iv) and of the held-out loss."""


class Online(Block):
    """Online HyperSVG (sections 3.4 and 4.3.2)."""

    steps: PositiveInt = 100
    """Steps of the true optimizer that are compared."""
    warm_ups: list[PositiveInt] = Field([10, 20, 50], min_length=1)
    """Warm-up lengths of the bandits."""
    reset: Literal["fresh", "initial", "predicted", "kept"] = "fresh"
    """What the true optimizer restarts from after a warm-up: a fresh draw, its own initial parameters, the surrogate's
    prediction, or where the warm-up left it (ledger)."""
    bad_grid: tuple[LogRate, LogRate, PositiveInt] = (-1.0, -5.0, 6)
    """log10 of the first and last bad starting rate, and their number (Table 4.4)."""
    good_grid: tuple[LogRate, LogRate, PositiveInt] = (-1.0, -3.0, 5)
    """log10 of the first and last good starting rate, and their number (ledger: not given)."""


class Baselines(Block):
    """Grid, random search and Bayesian optimization (sections 4.3.2 and 4.3.3)."""

    random_draws: PositiveInt = 6
    """Uniform draws of random search (Table 4.4)."""
    lowest: Rate = 1e-5
    """Lower bound of random search and Bayesian optimization."""
    highest: Rate = 0.1
    """Upper bound of random search and Bayesian optimization."""
    bo_initial: PositiveInt = 100
    """Initial points of Bayesian optimization."""
    bo_iterations: Annotated[int, Field(ge=0)] = 100
    """Further evaluations chosen by the Gaussian process."""
    bo_steps: PositiveInt = 20
    """Inner steps of one evaluation (section 4.3.3)."""
    bo_noise: Annotated[float, Field(gt=0)] = 1e-2
    """Noise variance of the Gaussian process, relative to the targets' variance."""
    fine_grid: PositiveInt = 17
    """Rates of the fine grid behind the best-constant control arm."""


class Runtimes(Block):
    """Each method alone, unbatched (Fig. 4.11)."""

    repeats: PositiveInt = 3
    """Timed repeats of every method, after a warm one."""
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

    @model_validator(mode="after")
    def possible(self) -> Self:
        """Refuse combinations that no run can satisfy."""
        problem = impossible(self)
        if problem:
            raise ValueError(problem)
        return self
