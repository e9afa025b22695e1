# Stage trajectories: the offline data set (section 4.3.1).
#
# Inputs   data/images.safetensors
# Outputs  jobs/trajectories/all/seeds-*/trajectories.parquet   rate, split, losses and accuracies, one row a trajectory
#          jobs/trajectories/all/seeds-*/states.npy             [seeds, count, steps + 1, parameters], memory-mapped
# Steps    1. draw rates and seeds
#          2. train the inner network and record its parameters at every step


rule trajectories_job:
    input:
        images=images,
        code=stage_code("trajectories"),
    output:
        trajectories=job_file("trajectories", "trajectories.parquet"),
        states=job_file("trajectories", "states.npy"),
        provenance=job_file("trajectories", "provenance.json"),
    log:
        job_log("trajectories"),
    priority: 30  # offline waits for it
    conda:
        "../../envs/environment.yaml"
    threads: SETTINGS.run.threads
    resources:
        mem_mb=memory_mb,
        runtime=minutes("trajectories"),
        gpu=gpus,
    params:
        stage="trajectories",
        content=stage_content("trajectories"),
        settings=job_params("trajectories"),
        folder=job_folder,
    shell:
        JOB_ON_IMAGES
