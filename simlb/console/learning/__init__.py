"""The course: its steps as content, and what a learner has really done of it on this instance."""
