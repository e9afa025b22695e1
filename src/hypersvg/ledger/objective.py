"""Open choices about what the policy learns from: Algorithms 4, 5 and 6."""

from hypersvg.ledger.entry import Choice, Quote

NOISE = Choice(
    name="noise",
    question="At which action is ξ inferred, and with which sign?",
    settings=("svg.noise",),
    reading="At the recorded action, ξ = (s' − g(s, a)) / σ: Algorithms 4 and 5 contradict each other, and this is "
    "the inference of Heess et al., which reproduces the recorded transition at the recorded action.",
    rule="literature",
    quotes=(Quote("ξ ← (s_{t+1} − f(s_t, a_t)) / σ_model", "Algorithm 4, pp. 49–51"),),
    against=(
        Quote("s, _, s' ~ D", "Algorithm 5, pp. 49–51: the recorded action is dropped"),
        Quote("g_θ(s_t, a) − s_t'", "Algorithm 5, pp. 49–51: the opposite sign"),
    ),
    variants={
        "noise_policy_action": "at π(s): the value is then s' whatever the policy does, only its gradient is left",
        "noise_printed_sign": "at π(s) with Algorithm 5's sign: ŝ' = 2g − s'",
    },
)

SMOOTHING = Choice(
    name="sigma",
    question="Is ξ inferred, sampled or zero, and what does σ do?",
    settings=("svg.noise", "svg.sigma"),
    reading="Inferred. σ = 0.1 is given (Algorithm 5) and cancels, in value and in gradient, so nothing is smoothed.",
    rule="text",
    quotes=(Quote("using samples of noise inferred from the environment", "section 3.2, pp. 48–49"),),
    against=(
        Quote(
            "The normal assumption on the environment smooths out the nonconvex meta-loss landscape",
            "section 3.2.2, p. 51",
        ),
    ),
    variants={
        "noise_sampled": "drawn with σ = 0.1 per parameter: smooths as the text says",
        "noise_none": "zero: the model's mean",
    },
    remark="σ acts in noise_sampled alone, so that another σ is no variant of its own.",
)

HAT = Choice(
    name="hat",
    question="Which state does Algorithm 5 unflatten: the predicted or the recorded one?",
    settings=("svg.unroll",),
    reading="The predicted ŝ'. With the recorded s', as printed, the policy's gradient is zero, and there would be "
    "nothing to backpropagate.",
    rule="text",
    quotes=(Quote("backprop through deterministic node from reparameterization", "Algorithm 6, pp. 49–51"),),
    against=(Quote("θ_t ← unflatten(s'_t)", "Algorithm 5, pp. 49–51"),),
    variants={"unroll_literal": "the recorded s', hat left out as printed: the policy never learns"},
)

CHAINING = Choice(
    name="unroll",
    question="Does a predicted state feed the next step of the unroll?",
    settings=("svg.unroll",),
    reading="Yes: ŝ_{t+1} = g(ŝ_t, a) + σξ_t from ŝ_0 = s_0.",
    rule="text",
    quotes=(Quote("the loss is backpropagated through the unrolled synthetic optimizer", "section 4.3.1, p. 57"),),
    against=(Quote("g_θ(s_t, a) − s_t'", "Algorithm 5, pp. 49–51: s_t and s_t' are data at every step"),),
    variants={"unroll_teacher_forced": "no: every step starts at the data, so that only the last one counts"},
    remark="Online, with an unroll of one step, both are the same.",
)

ACTIONS = Choice(
    name="unroll_actions",
    question="Does the policy act once, or at every step of the unroll?",
    settings=("svg.actions",),
    reading="Once, before the loop. The reported rate is the one at t = 0.",
    rule="text",
    quotes=(
        Quote("a ← π_φ(s)", "Algorithm 5, pp. 49–51, before the loop"),
        Quote("return v_T, a = 0", "Algorithm 5, pp. 49–51"),
    ),
    variants={"actions_every_step": "at every step, on the predicted state, as SVG(∞) has it"},
)

VALUE = Choice(
    name="value",
    question="Is the value the last loss of the unroll, or the mean over it?",
    settings=("svg.value",),
    reading="The last: v_T.",
    rule="text",
    quotes=(Quote("return v_T, a = 0", "Algorithm 5, pp. 49–51"),),
    variants={"value_mean": "the mean of v_1 … v_T, as a return sums rewards"},
)

POLICY_NOISE = Choice(
    name="policy_noise",
    question="Is policy noise η inferred beside the model's ξ?",
    settings=(),
    reading="No: the policy is deterministic.",
    rule="text",
    quotes=(Quote("a ← π_φ(s)", "Algorithm 5, pp. 49–51"),),
    against=(Quote("η ← (a_t − π(s_t)) / σ_policy", "Algorithm 4, pp. 49–51"),),
    remark="Not built. With η inferred, π(s) + η is the recorded action: the value is then the recorded trajectory's, "
    "and the policy has the gradient at recorded actions. noise_policy_action shares the first half.",
)

CLONING = Choice(
    name="behaviour_cloning",
    question="Does the policy loss hold Algorithm 4's term ½(a − π(s))²?",
    settings=("svg.behaviour_cloning",),
    reading="No: Algorithms 5 and 6, the ones that are run, backpropagate the value alone.",
    rule="text",
    quotes=(Quote("g_pol ← v.backward", "Algorithm 6, pp. 49–51"),),
    against=(Quote("(a_t − π(s_t))²", "Algorithm 4, pp. 49–51"),),
    variants={"behaviour_cloning": "with weight 1: pulls the policy to the mean of the recorded rates"},
)

MODEL_ACTION = Choice(
    name="model_action",
    question="Does the surrogate see the action in its own loss?",
    settings=("svg.model_action",),
    reading="Yes: g has two arguments wherever it is declared.",
    rule="text",
    quotes=(Quote("synthetic optimizer g_θ(·, ·)", "Algorithm 6, pp. 49–51"),),
    against=(Quote("g_θ(current_states(D_batch tr))", "Algorithm 6, pp. 49–51"),),
    variants={"model_action_none": "no: its weight on the rate stays as drawn"},
)

MODEL_TARGET = Choice(
    name="model_target",
    question="Which state does the surrogate learn to predict?",
    settings=(),
    reading="The next one of the same trajectory.",
    rule="text",
    quotes=(Quote("next_states(D_batch_tr)", "Algorithm 6, pp. 49–51"),),
    against=(Quote("θ_t^(i+1) − f̂(θ_t^(i)", "eq. 4.1.1, p. 53: trajectory i + 1 from trajectory i"),),
    remark="Not built otherwise: trajectories are independent draws, one says nothing about the next.",
)

UPDATE_ORDER = Choice(
    name="update_order",
    question="Which is updated first, the policy or the surrogate?",
    settings=("svg.update_first",),
    reading="The policy, in the order of Algorithm 6.",
    rule="text",
    quotes=(Quote("φ_{k+1} ← φ_k − Adam(λ_π, g_pol)", "Algorithm 6, pp. 49–51, above the model's update"),),
    variants={"surrogate_first": "the surrogate, so that the policy never learns through one that has seen nothing"},
)

OBJECTIVE = (
    NOISE,
    SMOOTHING,
    HAT,
    CHAINING,
    ACTIONS,
    VALUE,
    POLICY_NOISE,
    CLONING,
    MODEL_ACTION,
    MODEL_TARGET,
    UPDATE_ORDER,
)
