# Stage toy: imitate SGD on the toy task (section 4.1, Fig. 4.1).
#
# Inputs   nothing but settings
# Outputs  jobs/toy/all/seeds-*/toy_rollouts.parquet   rollouts from unseen starts, true beside imitated
#          jobs/toy/all/seeds-*/toy_errors.parquet     one-step and whole-rollout errors, beside persistence
# Steps    1. draw trajectories of SGD over rates and starts
#          2. fit the Gaussian imitation by maximum likelihood (eq. 4.1.1)
#          3. roll both out from unseen starts


rule toy_job:
    input:
        code=stage_code("toy"),
    output:
        rollouts=job_file("toy", "toy_rollouts.parquet"),
        errors=job_file("toy", "toy_errors.parquet"),
        provenance=job_file("toy", "provenance.json"),
    log:
        job_log("toy"),
    conda:
        "../../envs/environment.yaml"
    threads: SETTINGS.run.threads
    resources:
        mem_mb=memory_mb,
        runtime=minutes("toy"),
    params:
        stage="toy",
        content=stage_content("toy"),
        settings=job_params("toy"),
        folder=job_folder,
    shell:
        JOB
