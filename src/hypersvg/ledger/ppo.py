"""Open choices about HyperPPO and its environment."""

from hypersvg.ledger.entry import Choice, Quote

ARMS = Choice(
    name="ppo_decisions",
    question="Does the sparse agent act once, or at every step?",
    settings=("ppo.arms",),
    reading="Once is the thesis's sparse agent; Algorithm 3's, which acts at every step and is only rewarded at the "
    "end, is a third arm of every run.",
    rule="text",
    quotes=(Quote("the PPO agent only gets to take an action at the beginning", "section 4.2.1, p. 54"),),
    against=(Quote("Observe 0 all of the other timesteps", "Algorithm 3, pp. 45–46"),),
    remark="No variant: both are run.",
)

REWARD = Choice(
    name="ppo_reward",
    question="What is rewarded, and when?",
    settings=("ppo.reward", "ppo.reward_of"),
    reading="Validation accuracy; in a sparse episode, that of the last step.",
    rule="text",
    quotes=(
        Quote("exploits a policy learned to get around 50 percent accuracy", "section 4.2.1, p. 55"),
        Quote("Keep last reward", "Algorithm 3, pp. 45–46"),
    ),
    against=(Quote("is returned or the mean of the task losses", "section 2.2.2, p. 46"),),
    variants={
        "ppo_reward_loss": "minus the validation loss",
        "ppo_reward_mean": "in a sparse episode, the mean over the steps",
    },
)

ACTION = Choice(
    name="ppo_action_scale",
    question="How does an action become a rate?",
    settings=("ppo.action_scale",),
    reading="Affinely in log10: [-1, 1] spans the bounds.",
    rule="none",
    against=(
        Quote("average learning rate is also shown which is the output of the MLP policy", "section 4.2.1, p. 56"),
    ),
    variants={"ppo_linear_action": "linearly, so that an untrained policy sits at the middle of the bounds, 0.5"},
    remark='The words ("the output of the MLP policy") are nearer to the linear map.',
)

BOUNDS = Choice(
    name="ppo_bounds",
    question="Between which rates may PPO choose?",
    settings=("ppo.lowest", "ppo.highest"),
    reading="From the lower bound of section 4.3.3 up to 1, ten times its upper bound.",
    rule="none",
    quotes=(Quote("outputting a learning rate α , a continuous scalar", "section 2.2.1, p. 45"),),
    variants={"ppo_bounds_of_bo": "1e-5 and 0.1, the bounds of section 4.3.3"},
    remark="The middle of the bounds is where an untrained policy is, so that they are half of its result.",
)

OBSERVATION = Choice(
    name="ppo_observation",
    question="Does the agent see the time?",
    settings=("ppo.observe_time",),
    reading="Yes: t/T beside the parameters, since an episode of fixed length is a decision problem with a horizon.",
    rule="none",
    against=(Quote("State is the network/task params, action is hyper", "Algorithm 3, pp. 45–46"),),
    variants={"ppo_no_time": "no: the parameters alone, the words of Algorithm 3"},
    remark="A departure from the words. An agent that acts once sees t = 0 alone, so that it changes the other two "
    "arms.",
)

EXPLORATION = Choice(
    name="ppo_exploration",
    question="With which standard deviation do actions start?",
    settings=("ppo.log_std",),
    reading="Half of the actions' range: stable-baselines3's default.",
    rule="none",
    quotes=(Quote("using the Coax [coa, 2020] library with heavy modification", "section 4.2.1, p. 54"),),
    variants={"ppo_std_small": "0.37"},
)

STEP = Choice(
    name="ppo_step",
    question="What is PPO's step size?",
    settings=("ppo.learning_rate",),
    reading="A value of this project.",
    rule="none",
    quotes=(Quote("outer SGD learning rate varies varies varies", "Table 4.3, p. 60"),),
    variants={"ppo_step_3e-4": "stable-baselines3's default"},
)

WIDTHS = Choice(
    name="ppo_widths",
    question="How wide are policy and value network?",
    settings=("ppo.hidden",),
    reading="The usual widths of PPO, for time. The scale paper has Table 4.3's.",
    rule="none",
    against=(
        Quote("(512, 64, 64, 1)", "Table 4.3, p. 60"),
        Quote("a 512 hidden unit layer for both the policy and value networks", "section 4.2.1, p. 54"),
    ),
    variants={"ppo_wide": "512, 64, 64"},
)

UPDATES = Choice(
    name="ppo_updates",
    question="How long does PPO learn?",
    settings=("ppo.iterations",),
    reading="Fewer than 100 updates, for time. The scale paper has 100.",
    rule="none",
    against=(Quote("HyperPPO 48 100 0.021", "Table 4.1, p. 60: length of experiment 100, of what is not said"),),
    variants={"ppo_100_iterations": "100 updates of 8 episodes"},
)

INNER_NETWORK = Choice(
    name="ppo_inner_network",
    question="Which first weights and activation has PPO's inner network?",
    settings=("ppo.initialisation", "ppo.activation"),
    reading="Glorot and Tanh, as Table 4.3. PPO's rates are judged on the other methods' network too, as constants.",
    rule="text",
    quotes=(
        Quote("activations (at hiddens) ReLU Tanh ELU", "Table 4.3, p. 60"),
        Quote("init network using strategy (e.g. Glorot)", "Algorithm 3, pp. 45–46"),
    ),
    variants={"ppo_he_elu": "He uniform and ELU, the network of the other methods"},
)

PPO = (INNER_NETWORK, ARMS, REWARD, ACTION, BOUNDS, OBSERVATION, EXPLORATION, STEP, WIDTHS, UPDATES)
