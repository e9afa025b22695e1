"""Open choices about the surrogate and the policy: forms, inputs, widths, bounds and step sizes."""

from hypersvg.ledger.entry import Choice, Quote

FORM = Choice(
    name="surrogate_form",
    question="Does the surrogate's network put out the next parameters, or their change?",
    settings=("svg.surrogate", "svg.surrogate_output"),
    reading="The change: s' = s + g(s, a). The thesis writes g(s, a) for the prediction and does not say what its "
    "network puts out; models of the change are usual for learned dynamics, and implementations of SVG(∞) have them "
    "(raylab: ResidualSVGModel).",
    rule="literature",
    quotes=(Quote("the surrogate model is used to learn the actual algorithm steps", "chapter 3, p. 47"),),
    against=(
        Quote('a neural network as a "mean predictor"', "section 3.2, pp. 48–49"),
        Quote("we use a Gaussian model where the mean is parameterized by an MLP", "section 4.1, p. 53"),
    ),
    variants={
        "surrogate_literal": "s' = g(s, a), output layer drawn: a zero one would predict zero parameters",
        "surrogate_rate_scaled": "s' = s + a·g(s), which holds the true optimizer's dependence on the rate",
    },
    remark="Of all defaults this one is furthest from the words, which favour s' = g(s, a). In the residual form a "
    "loss near zero shows nothing by itself: s' = s has one before any training.",
)

RATE_INPUT = Choice(
    name="surrogate_rate_input",
    question="How does the surrogate see the learning rate?",
    settings=("svg.rate_input",),
    reading="As it is: g(s, a) takes the action itself.",
    rule="text",
    quotes=(Quote("It takes as an input the current iterate θ_t and hyperparameter λ", "section 4.1, p. 53"),),
    variants={"rate_input_log10": "its log10, of order one like the policy's own range"},
    remark="One input among 26,507 whose values are 1e-5 … 1. The imitation of the toy task sees the scaled log10 "
    "rate.",
)

OUTPUT = Choice(
    name="surrogate_output",
    question="Which first weights has the surrogate's output layer?",
    settings=("svg.surrogate_output",),
    reading="Zero, so that a residual surrogate starts at s' = s.",
    rule="none",
    against=(Quote("He Uniform", "Table 4.3, p. 60, column MNIST (SVG); it may mean the inner network alone"),),
    variants={
        "surrogate_he_output": "drawn He uniform like its other weights; starts a hundred times worse than s' = s"
    },
)

WIDTH = Choice(
    name="network_width",
    question='Whose shape is "(3072, 1)"?',
    settings=("svg.width", "svg.policy_width"),
    reading="Both networks have one hidden layer of that width: the row is labelled as the surrogate's, but a single "
    "output is a rate, so the policy's, as (512, 64, 64, 1) is in the PPO column. The scale paper has 3072; the "
    'default is narrower for its time, which "but varies" allows.',
    rule="text",
    quotes=(Quote("synthetic optimizer (hidden, output)", "Table 4.3, p. 60"),),
    against=(Quote("(3072,1), but varies", "Table 4.3, p. 60: the output of one"),),
    variants={"policy_narrow": "a policy of width 32", "width_32": "both of width 32"},
    remark="The other direction is the scale paper.",
)

BIJECTION = Choice(
    name="bijection",
    question="How does the policy's output become a learning rate?",
    settings=("svg.bijection",),
    reading="By exp, times the rate that the policy starts from: positive, and a step of the policy is a relative "
    "change.",
    rule="none",
    quotes=(Quote("only outputs a single action (hyperparameter) for the true optimizer", "section 3.4.1, p. 52"),),
    against=(Quote("0.9037 0.0", "Table 4.4, p. 64: a learned rate of exactly 0, which no positive bijection gives"),),
    variants={"bijection_softplus": "softplus, linear for large rates"},
    remark="A ReLU, which would explain the 0.0, was not built: in trials it drove the rate to 0, and there its "
    "gradient is zero too.",
)

BOUNDS = Choice(
    name="policy_bounds",
    question="Between which rates may the policy choose?",
    settings=("svg.lowest", "svg.highest"),
    reading="Wide enough to bind nowhere near the rates of Table 4.4, which exceed Bayesian optimization's bounds.",
    rule="tables",
    quotes=(Quote("0.7741 0.2983405", "Table 4.4, p. 64: Bandit20 learned 0.298"),),
    variants={"bounds_of_bo": "1e-5 and 0.1, the bounds of section 4.3.3"},
)

SURROGATE_STEP = Choice(
    name="surrogate_step",
    question="What is the surrogate's step size?",
    settings=("svg.surrogate_learning_rate",),
    reading="Adam, with a step size that no sentence gives.",
    rule="none",
    quotes=(Quote("model optimizer Adam, model optimizer step size", "Algorithm 6, pp. 49–51"),),
    against=(Quote("outer SGD learning rate varies varies varies", "Table 4.3, p. 60"),),
    variants={"surrogate_step_1e-3": "ten times larger", "surrogate_step_1e-5": "ten times smaller"},
    remark='Algorithm 6 names Adam for both networks, Table 4.3 an "outer SGD". An outer SGD was not built: offline '
    "the policy's gradients are of the order of 1e-9.",
)

POLICY_STEP = Choice(
    name="policy_step",
    question="What is the policy's step size?",
    settings=("svg.policy_learning_rate",),
    reading="Adam, with a step size that no sentence gives: at width 128 one update moves the rate by about a tenth. "
    "A wider policy moves further for the same step, so the scale paper has a smaller one.",
    rule="none",
    quotes=(Quote("policy step size", "Algorithm 6, pp. 49–51"),),
    against=(Quote("outer SGD learning rate varies varies varies", "Table 4.3, p. 60"),),
    variants={"policy_step_1e-4": "ten times larger", "policy_step_1e-6": "ten times smaller"},
    remark="How far a policy gets from its start hangs on this more than on any gradient.",
)

EPSILON = Choice(
    name="adam_epsilon",
    question="Which ε has the Adam of surrogate and policy?",
    settings=("svg.adam_epsilon",),
    reading="PyTorch's default.",
    rule="text",
    quotes=(Quote("The implementation of SVG(∞) is completed in PyTorch", "section 4.3.1, p. 57"),),
    variants={"adam_epsilon_tiny": "1e-16, below every gradient"},
    remark="Offline the policy's gradients are 1e-9 … 8e-9, below ε: its updates are then nearly those of SGD, and "
    "small.",
)

NETWORKS = (FORM, RATE_INPUT, OUTPUT, WIDTH, BIJECTION, BOUNDS, SURROGATE_STEP, POLICY_STEP, EPSILON)
