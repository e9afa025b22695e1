# Names that can be asked for: every stage and exhibit of the run's group. No rule here makes anything.
#
# Inputs   the gathered tables of a stage, or the files of an exhibit


rule data:
    input:
        run_file("data", "images.safetensors", run=THIS.data_owner),
        run_file("data", "manifest.json", run=THIS.data_owner),


rule exhibits:
    input:
        exhibit_outputs(exhibits_of(GROUP)),


for stage in stages_of(GROUP):

    rule:
        name:
            stage
        input:
            stage_tables(stage),


for exhibit in exhibits_of(GROUP):

    rule:
        name:
            exhibit
        input:
            exhibit_outputs([exhibit]),
