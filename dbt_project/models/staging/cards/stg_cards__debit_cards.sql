-- stg_cards__debit_cards: which debit cards do customers have?
--
-- One row per card_id, closed cards included.
{{ newest_snapshot(source('cards', 'debit_cards')) }}
