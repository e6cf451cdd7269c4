"""What becomes of every version, and why: a pure function, in one direction.

    inputs --resolve--> Situation --judge, admit--> Verdicts --place--> Placements --explain--> Plan

``situation`` answers every question about the stack once, ``verdicts`` decides and gives reasons,
``placement`` says where and from what, ``explanation`` derives lines, warnings and outputs. Each
stage is a function from frozen values to frozen values; ``planner`` calls them one after another.
It may not know Pulumi, HTTP, files or the clock, nor what declares it (components).
"""
