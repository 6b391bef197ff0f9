-- stg_cards__card_transactions: what was bought, drawn or refunded on credit cards?
--
-- One row per txn_id.
{{ rows_until(source('cards', 'card_transactions')) }}
