"""The server that the tests of MongoDB ask."""

from pymongo import MongoClient

from bench.mongo import DURABLE, MongoServer

from .mongo import back, start_mongo


def test_what_it_was_told_is_there_after_a_stop_and_after_a_kill(tmp_path):
    with start_mongo(MongoServer(tmp_path, *DURABLE)) as server, MongoClient(server.url("one")) as client:
        kept = client.get_default_database()["kept"]
        kept.insert_one({"_id": 1})
        server.stop()
        assert not server.answers()
        back(server)
        kept.insert_one({"_id": 2})
        server.kill()
        back(server)
        assert [row["_id"] for row in kept.find()] == [1, 2]
    assert server.has_ended()


def test_a_database_of_ones_own_holds_nothing_of_another(mongo):
    with MongoClient(mongo.url("one")) as client:
        client["one"]["kept"].insert_one({})
        assert client["another"]["kept"].count_documents({}) == 0
