-- name: create_table()!
CREATE TABLE IF NOT EXISTS bare_messages (id uuid PRIMARY KEY, body bytea NOT NULL);

-- name: keep(id, body)!
INSERT INTO bare_messages (id, body) VALUES (:id, :body);
