"""Open choices about the inner training and its data."""

from hypersvg.ledger.entry import Choice, Quote

OPTIMIZER = Choice(
    name="inner_optimizer",
    question="What is the true optimizer?",
    settings=("inner.optimizer", "inner.batch_size", "online.steps"),
    reading="Adam. The text says both; the grid and random rows of Tables 4.2 and 4.4 come near under Adam alone at "
    "100 steps (docs/protocol.md).",
    rule="tables",
    quotes=(Quote("sets the learning rate for an Adam optimizer", "section 2.2.1, p. 45"),),
    against=(
        Quote("the true optimizer, which is SGD in this case", "section 3.4, pp. 51–52"),
        Quote("it will be interesting to extend these experiments to SGD with momentum", "chapter 5, p. 67"),
    ),
    variants={
        "sgd": "plain SGD, the words of section 3.4",
        "momentum": "SGD with momentum 0.9",
        "momentum_epoch": "SGD with momentum for one epoch of batch 64, the nearest candidate without Adam in "
        "a first trial; takes eight times as long",
    },
)

LENGTH = Choice(
    name="iterations",
    question='What do "100 iterations" and "100 epochs" of a run count?',
    settings=("online.steps",),
    reading="Steps of the true optimizer, one minibatch each. After 100 passes over the images this network would "
    "stand well above 93.7 %, the tables' best.",
    rule="tables",
    quotes=(Quote("100 iterations with length of 10, 20, unrolls", "Fig. 4.8, p. 61"),),
    against=(
        Quote("100 online epochs + 50 warmup period", "chapter 5, p. 67"),
        Quote("num epochs 100 100-200 100-200", "Table 4.3, p. 60"),
    ),
    variants={"steps_200": "the upper end of Table 4.3"},
    remark="100 passes over 50,000 images were not built as a variant: about a hundred times the time of a run.",
)

BATCH = Choice(
    name="inner_batch_size",
    question="How large is a minibatch?",
    settings=("inner.batch_size",),
    reading="256, which `make identify` names by a rule fixed beforehand: the likeliest for the grid and random rows "
    "among candidates with Table 4.3's network and 100 steps (docs/protocol.md).",
    rule="tables",
    quotes=(Quote("It only uses batch data and a similar loss as the true optimizer", "section 3.4.2, p. 52"),),
    variants={
        "batch_64": "64 images",
        "batch_512": "512 images, which the exact test does not reject either",
        "batch_1024": "1024 images",
    },
)

SCALING = Choice(
    name="inner_scaling",
    question="How are pixels scaled?",
    settings=("inner.scaling",),
    reading="To [0, 1]; on standardised pixels Adam fails at the large rates, where the grid rows do not.",
    rule="tables",
    quotes=(Quote("an optimizer training on the MNIST", "section 4.2.1, p. 54"),),
    variants={"standardised": "MNIST's mean and standard deviation"},
)

NETWORK = Choice(
    name="inner_network",
    question="Which first weights and activation has the inner network of the SVG experiments and the baselines?",
    settings=("inner.initialisation", "inner.activation"),
    reading="He uniform and ELU, as Table 4.3.",
    rule="text",
    quotes=(
        Quote("activations (at hiddens) ReLU Tanh ELU", "Table 4.3, p. 60"),
        Quote("evaluation init x_0 = 7 Glorot He Uniform", "Table 4.3, p. 60"),
    ),
    variants={"inner_glorot_tanh": "Glorot and Tanh, the network of PPO's column"},
    remark="PPO has another network in Table 4.3, so Table 4.1 compares methods on different ones.",
)

VALIDATION = Choice(
    name="validation",
    question='What is "validation" accuracy measured on?',
    settings=("data.validation",),
    reading="On a sixth of the training images, held out; test accuracy stands beside it.",
    rule="text",
    quotes=(Quote("validation classification accuracy", "section 4.2.1, p. 55"),),
    variants={"validation_is_test": "on the 10,000 test images, with all training images to train on"},
    remark="All accuracies of the thesis are multiples of 1/10,000: both splits have 10,000 images.",
)

INNER = (OPTIMIZER, LENGTH, BATCH, SCALING, NETWORK, VALIDATION)
