"""Every card as a learner will see it, while it is being written, or as a site to publish."""
