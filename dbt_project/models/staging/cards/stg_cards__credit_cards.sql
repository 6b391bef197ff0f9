-- stg_cards__credit_cards: which credit cards do customers have?
--
-- One row per card_id, closed cards included.
{{ newest_snapshot(source('cards', 'credit_cards')) }}
