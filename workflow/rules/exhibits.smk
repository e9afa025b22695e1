# Stage exhibits: the notebooks, each executed on the run's tables; they draw and print, and compute nothing.
#
# Inputs   notebooks/<name>.ipynb, tables/*.parquet, tables/manifest.json or fashion.json
# Outputs  exhibits/fig_4_*.svg|png|csv and exhibits/table_4_*.csv|md
#          notebooks/<name>.ipynb, .html and .provenance.json
# Steps    1. execute with strict parameters, in this environment's own kernel
#          2. check that every declared exhibit appeared, convert to HTML

for name, notebook in notebooks_of(GROUP).items():

    rule:
        name:
            f"notebook_{name}"
        input:
            notebook=f"notebooks/{name}.ipynb",
            tables=[table_file(table, THIS.name) for table in notebook.tables],
            manifests=manifests(notebook.tables),
            code=code("hypersvg.pipeline.notebooks", "hypersvg.exhibits"),
        output:
            exhibits=exhibit_outputs(notebook.exhibits),
            notebook=RUN / "notebooks" / f"{name}.ipynb",
            page=RUN / "notebooks" / f"{name}.html",
            provenance=RUN / "notebooks" / f"{name}.provenance.json",
        log:
            RUN / "logs" / "notebooks" / f"{name}.log",
        group:
            "exhibits"
        conda:
            "../../envs/environment.yaml"
        params:
            content=content([f"notebooks/{name}.ipynb", *code("hypersvg.pipeline.notebooks", "hypersvg.exhibits")]),
            settings=SHOWN_SETTINGS,
            run=RUN,
        shell:
            "exec python -m hypersvg notebook {input.notebook} --results {params.run} > {log} 2>&1"
