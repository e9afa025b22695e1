# Stage online: adaptive, bandits and their control arms (sections 3.4 and 4.3.2, Figs. 4.8-4.10, 4.12-4.14).
#
# Inputs   data/images.safetensors
# Outputs  jobs/online/<arm>/seeds-*/curves.parquet   accuracy, loss and rate, one row a step
#          jobs/online/<arm>/seeds-*/runs.parquet     one row a finished run
#          jobs/online/<arm>/seeds-*/steering_gradients.parquet   what the policy learned from, beside the truth
#                                                     (not of a user's own controller, docs/extending.md)
# Steps    1. train beside the true optimizer from every good and bad starting rate
#          2. bandits: one shared warm-up, read at each length; then reset and keep the last rate


rule online_job:
    input:
        images=images,
        code=stage_code("online"),
    output:
        curves=job_file("online", "curves.parquet"),
        runs=job_file("online", "runs.parquet"),
        gradients=job_file("online", "steering_gradients.parquet"),
        provenance=job_file("online", "provenance.json"),
    log:
        job_log("online"),
    wildcard_constraints:
        arm=arms_pattern("online", "steering_gradients"),
    priority: 10  # long jobs first, so that the cores finish together
    conda:
        "../../envs/environment.yaml"
    threads: SETTINGS.run.threads  # two side by side, though memory-bound: 1.7 times the work of one (docs/performance.md)
    resources:
        mem_mb=memory_mb,
        runtime=minutes("online"),
        gpu=gpus,
    params:
        stage="online",
        content=stage_content("online"),
        settings=job_params("online"),
        folder=job_folder,
    shell:
        JOB_ON_IMAGES


if THIS.settings.extensions.controllers:

    rule own_controller_job:
        input:
            images=images,
            code=stage_code("online"),
        output:
            curves=job_file("online", "curves.parquet"),
            runs=job_file("online", "runs.parquet"),
            provenance=job_file("online", "provenance.json"),
        log:
            job_log("online"),
        wildcard_constraints:
            arm="|".join(THIS.settings.extensions.controllers),
        conda:
            "../../envs/environment.yaml"
        threads: SETTINGS.run.threads
        resources:
            mem_mb=memory_mb,
            runtime=minutes("online"),
            gpu=gpus,
        params:
            stage="online",
            content=stage_content("online"),
            settings=job_params("online"),
            folder=job_folder,
        shell:
            JOB_ON_IMAGES
