"""Fine-tune a text encoder on the events of a catalogue, and measure what that is worth.

Imports encoded inputs, training and the ranking; the workspace and the command line import it.
Start with :func:`daybreak.service.finetuning.finetune.finetune_encoder`; ``cold_items`` has the
simulated cold items, ``report`` the verdict and the card, ``whitening``,
``factors`` and the other files of ``methods`` the ways of fine-tuning.
"""
