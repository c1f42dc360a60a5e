"""The shapes of requests and answers, with examples, as OpenAPI describes them."""
