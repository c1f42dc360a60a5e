PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE answers (
	id VARCHAR NOT NULL,
	at FLOAT NOT NULL,
	user_id VARCHAR,
	release VARCHAR NOT NULL,
	experiment VARCHAR,
	variant VARCHAR,
	shadow BOOLEAN NOT NULL,
	scenario VARCHAR,
	session_id VARCHAR,
	shown TEXT NOT NULL,
	PRIMARY KEY (id)
);
INSERT INTO "answers" VALUES('a1',9.0,'ann','r1','x','b',0,NULL,NULL,'[["tea", 0.5, 1, "ease", 0.25, true]]');
CREATE TABLE counter (
	id INTEGER NOT NULL,
	value INTEGER NOT NULL,
	floor INTEGER NOT NULL,
	PRIMARY KEY (id)
);
INSERT INTO "counter" VALUES(1,4,0);
CREATE TABLE daybreak_version (
	version_num VARCHAR(32) NOT NULL,
	PRIMARY KEY (version_num)
);
INSERT INTO "daybreak_version" VALUES('2');
CREATE TABLE events (
	"row" INTEGER NOT NULL,
	"key" BLOB NOT NULL,
	user_id VARCHAR NOT NULL,
	item_id VARCHAR NOT NULL,
	event_type VARCHAR,
	value FLOAT,
	timestamp FLOAT,
	domain VARCHAR,
	recommendation VARCHAR,
	session VARCHAR,
	change INTEGER DEFAULT '0' NOT NULL,
	PRIMARY KEY ("row")
);
INSERT INTO "events" VALUES(1,X'376CD6F0EA56C13879152AC7DA605FB0','ann','tea','purchase',1.5,10.0,NULL,'a1','s1',1);
INSERT INTO "events" VALUES(2,X'2943E1029F7B5F659921EB7456E004B1','bob','rum',NULL,NULL,NULL,NULL,NULL,NULL,1);
INSERT INTO "events" VALUES(3,X'DD87074211160123ADB8FB40A95C50C7','ann','tea','view',2.0,11.0,NULL,NULL,NULL,1);
CREATE TABLE gone (
	kind VARCHAR NOT NULL,
	id VARCHAR NOT NULL,
	change INTEGER NOT NULL,
	at FLOAT NOT NULL,
	PRIMARY KEY (kind, id)
);
CREATE TABLE items (
	"row" INTEGER NOT NULL,
	id VARCHAR NOT NULL,
	attributes TEXT NOT NULL,
	change INTEGER DEFAULT '0' NOT NULL,
	PRIMARY KEY ("row"),
	UNIQUE (id)
);
INSERT INTO "items" VALUES(1,'tea','{"title":"Tea 茶"}',1);
INSERT INTO "items" VALUES(2,'rum','{}',1);
CREATE TABLE records (
	kind VARCHAR NOT NULL,
	id VARCHAR NOT NULL,
	value TEXT NOT NULL,
	PRIMARY KEY (kind, id)
);
INSERT INTO "records" VALUES('keys','k1','{"role": "admin"}');
CREATE TABLE releases (
	id VARCHAR NOT NULL,
	created_at FLOAT NOT NULL,
	folder VARCHAR NOT NULL,
	metadata TEXT NOT NULL,
	active BOOLEAN NOT NULL,
	PRIMARY KEY (id)
);
INSERT INTO "releases" VALUES('r1',1.0,'releases/r1','{"k": [1]}',1);
CREATE TABLE settings (
	name VARCHAR NOT NULL,
	value TEXT NOT NULL,
	PRIMARY KEY (name)
);
INSERT INTO "settings" VALUES('k','10');
CREATE TABLE users (
	"row" INTEGER NOT NULL,
	id VARCHAR NOT NULL,
	attributes TEXT NOT NULL,
	change INTEGER DEFAULT '0' NOT NULL,
	PRIMARY KEY ("row"),
	UNIQUE (id)
);
INSERT INTO "users" VALUES(1,'bob','{"text":"pirate"}',1);
INSERT INTO "users" VALUES(2,'ann','{}',1);
CREATE TABLE vectors (
	model VARCHAR NOT NULL,
	content VARCHAR NOT NULL,
	vector BLOB NOT NULL,
	PRIMARY KEY (model, content)
)
 WITHOUT ROWID

;
INSERT INTO "vectors" VALUES('m','a',X'0000C03F000000C0');
CREATE INDEX items_change ON items (change);
CREATE INDEX users_change ON users (change);
CREATE UNIQUE INDEX events_key ON events ("key");
CREATE INDEX events_user ON events (user_id);
CREATE INDEX events_recommendation ON events (recommendation) WHERE recommendation IS NOT NULL;
CREATE INDEX events_change ON events (change);
CREATE INDEX answers_experiment ON answers (experiment) WHERE experiment IS NOT NULL;
CREATE INDEX answers_at ON answers (at);
CREATE INDEX answers_user ON answers (user_id);
COMMIT;
PRAGMA user_version = 2; PRAGMA application_id = 1145133378;
