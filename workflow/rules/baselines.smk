# Stage baselines: grid, random search, constant rates and Bayesian optimization (sections 4.3.2, 4.3.3, Fig. 4.7).
#
# Inputs   data/images.safetensors
# Outputs  jobs/baselines/<arm>/seeds-*/curves.parquet       accuracy and loss, one row a step (not of bo)
#          jobs/baselines/bo/seeds-*/bo_evaluations.parquet  one row an evaluation of 20 inner steps
#          jobs/baselines/<arm>/seeds-*/runs.parquet         one row a finished run
# Steps    1. train with constant rates: both grids, uniform draws, Adam's default, the best of a fine grid
#          2. Bayesian optimization in log10 rate; its best rate evaluated again on fresh seeds


rule baselines_job:
    input:
        images=images,
        code=stage_code("baselines"),
    output:
        curves=job_file("baselines", "curves.parquet"),
        runs=job_file("baselines", "runs.parquet"),
        provenance=job_file("baselines", "provenance.json"),
    log:
        job_log("baselines"),
    wildcard_constraints:
        arm=arms_pattern("baselines", "curves"),
    conda:
        "../../envs/environment.yaml"
    threads: SETTINGS.run.threads
    resources:
        mem_mb=memory_mb,
        runtime=minutes("baselines"),
        gpu=gpus,
    params:
        stage="baselines",
        content=stage_content("baselines"),
        settings=job_params("baselines"),
        folder=job_folder,
    shell:
        JOB_ON_IMAGES


rule bayesian_optimization_job:
    input:
        images=images,
        code=stage_code("baselines"),
    output:
        evaluations=job_file("baselines", "bo_evaluations.parquet"),
        runs=job_file("baselines", "runs.parquet"),
        provenance=job_file("baselines", "provenance.json"),
    log:
        job_log("baselines"),
    wildcard_constraints:
        arm="bo",
    priority: 10  # long jobs first, so that the cores finish together
    conda:
        "../../envs/environment.yaml"
    threads: SETTINGS.run.threads
    resources:
        mem_mb=memory_mb,
        runtime=minutes("baselines"),
        gpu=gpus,
    params:
        stage="baselines",
        content=stage_content("baselines"),
        settings=job_params("baselines"),
        folder=job_folder,
    shell:
        JOB_ON_IMAGES
