"""What `hit_model` is made of: one module a part, each giving a `judgement.Judgement`."""
