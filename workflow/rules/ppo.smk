# Stage ppo: HyperPPO in its three arms and with other clipping, the fixed rate, the untrained policy (section 4.2).
#
# Inputs   data/images.safetensors
# Outputs  jobs/ppo/<arm>/seeds-*/ppo_updates.parquet   losses, TD error, evaluations, one row an update
#          jobs/ppo/<arm>/seeds-*/runs.parquet          accuracy reached at step 20, re-evaluated
# Steps    1. train PPO in the batched environment, arms sparse_once, sparse_every and dense
#          2. evaluate every agent on unseen initial parameters


rule ppo_job:
    input:
        images=images,
        code=stage_code("ppo"),
    output:
        updates=job_file("ppo", "ppo_updates.parquet"),
        runs=job_file("ppo", "runs.parquet"),
        provenance=job_file("ppo", "provenance.json"),
    log:
        job_log("ppo"),
    wildcard_constraints:
        arm=arms_pattern("ppo", "ppo_updates"),
    priority: 20  # long jobs first, so that the cores finish together
    conda:
        "../../envs/environment.yaml"
    threads: SETTINGS.run.threads
    resources:
        mem_mb=memory_mb,
        runtime=minutes("ppo"),
        gpu=gpus,
    params:
        stage="ppo",
        content=stage_content("ppo"),
        settings=job_params("ppo"),
        folder=job_folder,
    shell:
        JOB_ON_IMAGES


rule ppo_reference_job:
    input:
        images=images,
        code=stage_code("ppo"),
    output:
        runs=job_file("ppo", "runs.parquet"),
        provenance=job_file("ppo", "provenance.json"),
    log:
        job_log("ppo"),
    wildcard_constraints:
        arm="fixed|untrained",
    conda:
        "../../envs/environment.yaml"
    threads: SETTINGS.run.threads
    resources:
        mem_mb=memory_mb,
        runtime=minutes("ppo"),
        gpu=gpus,
    params:
        stage="ppo",
        content=stage_content("ppo"),
        settings=job_params("ppo"),
        folder=job_folder,
    shell:
        JOB_ON_IMAGES
