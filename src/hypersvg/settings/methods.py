"""The settings blocks of the learned methods: HyperPPO, HyperSVG offline and online."""

from typing import Annotated, Literal

from pydantic import Field, PositiveInt

from hypersvg.settings.base import Block, LogRate, Rate, Share, Widths


class Ppo(Block):
    """HyperPPO (chapter 2, section 4.2)."""

    arms: list[Literal["sparse_once", "sparse_every", "dense"]] = Field(
        ["sparse_once", "sparse_every", "dense"], min_length=1
    )
    """sparse_once: one decision is a whole episode; sparse_every: Algorithm 3, zero reward until the end; dense
    (ledger: all are run)."""
    hidden: Widths = Field([64, 64])
    """Hidden widths of the policy and of the value network, Tanh (Table 4.3: 512, 64, 64; ledger)."""
    steps: PositiveInt = 20
    """Inner steps of an episode (section 4.2.1)."""
    environments: PositiveInt = 8
    """Environments stepped together."""
    iterations: PositiveInt = 30
    """PPO updates, each on one episode of every environment, in every arm (ledger: "100-200")."""
    epochs: PositiveInt = 4
    """Passes over a rollout in one update."""
    learning_rate: Rate = 1e-3
    """Adam's learning rate for policy and value network (ledger)."""
    clip: Share = 0.2
    """PPO's clipping parameter ε."""
    other_clips: list[Share] = Field([0.1, 0.3])
    """Further values of ε that sparse_once is trained with (section 4.2.1: "the results being very similar")."""
    initialisation: Literal["he_uniform", "glorot"] = "glorot"
    """First weights of the inner network in the PPO experiments (Table 4.3; ledger)."""
    activation: Literal["elu", "tanh", "relu"] = "tanh"
    """Activation of the inner network in the PPO experiments (Table 4.3; ledger)."""
    reward: Literal["accuracy", "negative_loss"] = "accuracy"
    """What is rewarded, on validation images: accuracy, or minus the cross-entropy (ledger: section 2.2.2: loss)."""
    reward_of: Literal["last", "mean"] = "last"
    """A sparse reward: of the last step, or the mean over the steps (ledger: section 2.2.2 says either)."""
    action_scale: Literal["log10", "linear"] = "log10"
    """How an action in [-1, 1] becomes a rate between the bounds (ledger)."""
    observe_time: bool = True
    """Whether the agent sees t/T beside the parameters (ledger: Algorithm 3's state is the parameters)."""
    log_std: Annotated[float, Field(ge=-5, le=2)] = 0.0
    """First log standard deviation of the actions, whose range is 2 (ledger; stable-baselines3 starts at 0)."""
    lowest: Rate = 1e-5
    """Smallest learning rate the policy can choose, action −1 (ledger: not given)."""
    highest: Rate = 1.0
    """Largest learning rate the policy can choose, action +1 (ledger: not given)."""
    fixed_rate: Rate = 0.01
    """The fixed reference policy of section 4.2.1."""
    long_steps: PositiveInt = 100
    """Inner steps without a reset that the fixed rate is trained for, beside its episodes ("too many resets")."""


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
    policy_width: PositiveInt | None = None
    """Hidden width of the policy alone; null for the surrogate's (ledger: whose width "(3072, 1)" is)."""
    surrogate_learning_rate: Rate = 1e-4
    """λ_model of Algorithm 6, Adam (ledger: "varies")."""
    policy_learning_rate: Rate = 1e-5
    """λ_π of Algorithm 6, Adam (ledger: "varies"): at width 128 one update moves the rate by about a tenth."""
    adam_epsilon: Annotated[float, Field(ge=0, le=1)] = 1e-8
    """ε of the Adam that updates surrogate and policy (ledger: offline, the policy's gradients are smaller)."""
    behaviour_cloning: Annotated[float, Field(ge=0)] = 0.0
    """Weight of Algorithm 4's term ½(a − π(s))² in the offline policy loss (ledger: Algorithm 5 has none)."""
    model_action: Literal["recorded", "none"] = "recorded"
    """Whether the surrogate sees the action in the model loss (ledger: Algorithm 6 prints g(current_states))."""
    sigma: Annotated[float, Field(gt=0)] = 0.1
    """Standard deviation of the Gaussian model (Algorithm 5); cancels wherever ξ is inferred (ledger)."""
    unroll: Literal["chained", "teacher_forced", "literal"] = "chained"
    """chained: ŝ feeds the next step; teacher_forced: every step starts at the data; literal: Algorithm 5 as printed,
    ŝ unflattened without its hat, which gives no gradient (ledger)."""
    actions: Literal["once", "every_step"] = "once"
    """Offline: the policy acts once before the loop (Algorithm 5) or at every step of the unroll (ledger)."""
    value: Literal["last", "mean"] = "last"
    """Offline: the policy loss is the task loss after the last step of the unroll (Algorithm 5: v_T) or the mean over
    its steps (ledger)."""
    noise: Literal["recorded_action", "policy_action", "none", "sampled", "printed_sign"] = "recorded_action"
    """The ξ of the objective: inferred at the recorded action (Algorithm 4), at π(s) (Algorithm 5, which drops the
    recorded action), zero, drawn, or with Algorithm 5's sign, which gives 2g − s' (ledger)."""
    online_horizon: PositiveInt = 1
    """Online: the unroll covers this many of the last real steps (ledger: "a length of 10, 20 unrolls" may mean
    this and not the warm-up)."""
    value_batch: Literal["fresh", "same"] = "fresh"
    """Online: the policy loss is taken on a fresh minibatch (Algorithm 5: X, Y ~ D_task) or the step's own (ledger)."""
    start: Literal["policy_bias", "step_0", "warm_up"] = "policy_bias"
    """How a starting rate enters online: as the policy's bias, as the rate of step 0 only, or for the whole warm-up
    (ledger)."""
    neutral_rate: Rate = 0.001
    """The policy's rate before it has learned, where no starting rate enters (Algorithm 6: a ← 0.001; ledger)."""
    bijection: Literal["exp", "softplus"] = "exp"
    """How the policy's output becomes a positive rate (ledger)."""
    highest: Rate = 1.0
    """Rates above this are cut (ledger)."""
    lowest: Rate = 1e-7
    """Rates below this are cut (ledger)."""
    update_first: Literal["policy", "surrogate"] = "policy"
    """Which is updated first (Algorithm 6: the policy; ledger)."""


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
    probed: PositiveInt = 8
    """Held-out trajectories, at most, on which the trained surrogate is compared with the true optimizer."""
    probe_rates: Annotated[int, Field(ge=3)] = 17
    """Learning rates of the compared loss landscapes, log-spaced between 1e-5 and 1."""
    probe_draws: Annotated[int, Field(ge=2)] = 4
    """Minibatches (and draws of ξ) behind the spread of a compared hypergradient."""


class Online(Block):
    """Online HyperSVG (sections 3.4 and 4.3.2)."""

    steps: PositiveInt = 100
    """Steps of the true optimizer that are compared (ledger: "100 iterations", "100 epochs")."""
    warm_ups: list[PositiveInt] = Field([10, 20, 50], min_length=1)
    """Warm-up lengths of the bandits."""
    reset: Literal["fresh", "initial", "predicted", "kept"] = "fresh"
    """What the true optimizer restarts from after a warm-up: a fresh draw, its own initial parameters, the surrogate's
    prediction, or where the warm-up left it (ledger)."""
    bad_grid: tuple[LogRate, LogRate, PositiveInt] = (-1.0, -5.0, 6)
    """log10 of the first and last bad starting rate, and their number (Table 4.4)."""
    good_grid: tuple[LogRate, LogRate, PositiveInt] = (-1.0, -3.0, 5)
    """log10 of the first and last good starting rate, and their number (ledger: not given)."""
