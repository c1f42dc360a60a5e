PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE items (
  "row" INTEGER NOT NULL,
  id VARCHAR NOT NULL,
  attributes TEXT NOT NULL,
  PRIMARY KEY ("row"),
  UNIQUE (id)
);
INSERT INTO items VALUES(1,'tea','{"title":"Tea 茶","price":2.5}');
INSERT INTO items VALUES(2,'gin','{"title":null,"price":3.0}');
INSERT INTO items VALUES(3,'rum','{}');
CREATE TABLE users (
  "row" INTEGER NOT NULL,
  id VARCHAR NOT NULL,
  attributes TEXT NOT NULL,
  PRIMARY KEY ("row"),
  UNIQUE (id)
);
INSERT INTO users VALUES(1,'bob','{"text":"pirate"}');
INSERT INTO users VALUES(2,'ann','{}');
CREATE TABLE events (
  "row" INTEGER NOT NULL,
  "key" BLOB NOT NULL,
  user_id VARCHAR NOT NULL,
  item_id VARCHAR NOT NULL,
  event_type VARCHAR,
  value FLOAT,
  timestamp FLOAT,
  domain VARCHAR,
  PRIMARY KEY ("row")
);
INSERT INTO events VALUES(1,X'0253cc559ffa7da761400b7ad06d3228','ann','tea','buy',1.0,1.0,NULL);
INSERT INTO events VALUES(2,X'2b9f336b06b5d691a49c17a0fba64ef1','bob','rum',NULL,NULL,2.0,NULL);
INSERT INTO events VALUES(3,X'eef89c7403dae7659c3f86be94acc18d','ann','tea',NULL,5.0,NULL,NULL);
CREATE TABLE vectors (
  model VARCHAR NOT NULL,
  content VARCHAR NOT NULL,
  vector BLOB NOT NULL,
  PRIMARY KEY (model, content)
)
 WITHOUT ROWID

;
INSERT INTO vectors VALUES('m','a',X'0000c03f000000c0');
CREATE TABLE releases (
  id VARCHAR NOT NULL,
  created_at FLOAT NOT NULL,
  folder VARCHAR NOT NULL,
  metadata TEXT NOT NULL,
  active BOOLEAN NOT NULL,
  PRIMARY KEY (id)
);
INSERT INTO releases VALUES('r1',1.0,'releases/r1','{"k": [1]}',1);
CREATE TABLE settings (
  name VARCHAR NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (name)
);
INSERT INTO settings VALUES('rules','{"positive": "like"}');
CREATE UNIQUE INDEX events_key ON events ("key");
COMMIT;
PRAGMA user_version = 1; PRAGMA application_id = 1145133378;
