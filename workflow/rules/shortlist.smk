# Stage shortlist: a few inner protocols at the rates of the thesis's grid and random rows (Tables 4.2 and 4.4).
#
# Inputs   data/images.safetensors
#          config/shortlist.yaml   the candidates, written by `make identify`, which is no part of this workflow
# Outputs  jobs/shortlist/all/seeds-*/shortlist.parquet   accuracy, one row a candidate, seed and rate
# Steps    1. train every candidate at the 14 rates on the run's seeds, whatever the run's own inner settings


rule shortlist_job:
    input:
        images=images,
        candidates="config/shortlist.yaml",
        code=stage_code("shortlist"),
    output:
        shortlist=job_file("shortlist", "shortlist.parquet"),
        provenance=job_file("shortlist", "provenance.json"),
    log:
        job_log("shortlist"),
    conda:
        "../../envs/environment.yaml"
    threads: SETTINGS.run.threads
    resources:
        mem_mb=memory_mb,
        runtime=minutes("shortlist"),
        gpu=gpus,
    params:
        stage="shortlist",
        content=stage_content("shortlist", "config/shortlist.yaml"),
        settings=job_params("shortlist"),
        folder=job_folder,
    shell:
        JOB_ON_IMAGES
