# The stages of the group estimators: gradient estimators of unrolled computation (Vicol 2023). Only with variant=estimators.
#
# Inputs   data/images.safetensors or fashion/fashion.safetensors, of the stages that train on images
# Outputs  jobs/<stage>/<arm>/seeds-*/outer_curves.parquet       the objective, one row an evaluation
#          jobs/<stage>/<arm>/seeds-*/outer_parameters.parquet   the outer parameters there
#          and what else experiments/estimator_stages.py names
# Steps    1. descend the gradients that every estimator gives, from common starts with common perturbations


for stage in stages_of("estimators"):
    for tables in dict.fromkeys(STAGES[stage].tables(arm) for arm in STAGES[stage].arms(SETTINGS)):

        rule:
            name:
                f"{stage}_job" + ("" if tables == STAGES[stage].all_tables(SETTINGS) else f"_{'_'.join(tables)}")
            input:
                images=stage_images(stage),
                code=stage_code(stage),
            output:
                tables=[job_file(stage, f"{table}.parquet") for table in tables],
                provenance=job_file(stage, "provenance.json"),
            log:
                job_log(stage),
            wildcard_constraints:
                arm="|".join(arm for arm in STAGES[stage].arms(SETTINGS) if STAGES[stage].tables(arm) == tables),
            conda:
                "../../envs/environment.yaml"
            threads: SETTINGS.run.threads
            resources:
                mem_mb=memory_mb,
                runtime=minutes(stage),
                gpu=gpus,
            params:
                stage=stage,
                content=stage_content(stage),
                settings=job_params(stage),
                folder=job_folder,
                images=lambda wildcards, input: f"--images {input.images}" if input.images else "",
            shell:
                JOB_WITH_OR_WITHOUT_IMAGES
