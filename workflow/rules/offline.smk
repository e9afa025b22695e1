# Stage offline: HyperSVG on recorded trajectories (sections 3.3 and 4.3.1, Figs. 4.3-4.6).
#
# Inputs   data/images.safetensors
#          jobs/trajectories/all/seeds-*/   the data set of the same seeds
# Outputs  jobs/offline/T<unroll>/seeds-*/offline_curves.parquet   losses, the four values and rates, one row an iteration
#          jobs/offline/T<unroll>/seeds-*/runs.parquet             the chosen rate, quoted and on the true optimizer
#          jobs/offline/T<unroll>/seeds-*/surrogate_*.parquet      the trained surrogate against the true optimizer
#          jobs/offline/T<unroll>/seeds-*/landscapes.parquet       loss over constant rates through either
# Steps    1. train the surrogate (eq. 4.1.1) and the policy through it (Algorithms 4-6), one arm an unroll length
#          2. evaluate the policy's rate on the true optimizer
#          3. probe the surrogate on held-out trajectories: errors, hypergradients, landscapes


rule offline_job:
    input:
        images=images,
        trajectories=trajectories_file("trajectories.parquet"),
        recorded=trajectories_file("provenance.json"),  # holds the checksum of the states, too large to be taken anew
        states=ancient(trajectories_file("states.npy")),
        code=stage_code("offline"),
    output:
        curves=job_file("offline", "offline_curves.parquet"),
        runs=job_file("offline", "runs.parquet"),
        errors=job_file("offline", "surrogate_errors.parquet"),
        gradients=job_file("offline", "surrogate_gradients.parquet"),
        landscapes=job_file("offline", "landscapes.parquet"),
        provenance=job_file("offline", "provenance.json"),
    log:
        job_log("offline"),
    priority: 20  # long jobs first, so that the cores finish together
    conda:
        "../../envs/environment.yaml"
    threads: SETTINGS.run.threads
    resources:
        mem_mb=memory_mb,
        runtime=minutes("offline"),
        gpu=gpus,
    params:
        stage="offline",
        content=stage_content("offline"),
        settings=job_params("offline"),
        data_set=lambda wildcards, input: Path(input.states).parent,
        folder=job_folder,
    shell:
        JOB_ON_TRAJECTORIES
