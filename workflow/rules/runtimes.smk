# Stage runtimes: each method alone, unbatched, warm (Fig. 4.11, table_budgets).
#
# Inputs   data/images.safetensors
# Outputs  jobs/runtimes/all/seeds-000-000/runtimes.parquet   seconds of every method and repeat
# Steps    1. run every method, or a piece of a long search, once to warm up, then time it; nothing else runs meanwhile


rule runtimes_job:
    input:
        images=images,
        code=stage_code("runtimes"),
    output:
        runtimes=job_file("runtimes", "runtimes.parquet"),
        provenance=job_file("runtimes", "provenance.json"),
    log:
        job_log("runtimes"),
    conda:
        "../../envs/environment.yaml"
    threads: CORES or SETTINGS.run.threads  # all of them, so that nothing runs beside it
    resources:
        mem_mb=memory_mb,
        runtime=minutes("runtimes"),
        gpu=gpus,
    params:
        stage="runtimes",
        content=stage_content("runtimes"),
        settings=job_params("runtimes"),
        folder=job_folder,
    shell:
        JOB_ON_IMAGES
