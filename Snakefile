# The workflow itself is workflow/Snakefile; this one lets plain `snakemake <target>` work from the top of the checkout.
include: "workflow/Snakefile"


workflow.default_target = "all"
