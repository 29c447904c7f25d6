#!/usr/bin/env python3
"""Writes gym_members.csv: 1,200 invented members of a chain of gyms.

Run in test/data:  python3 make_gym.py

A second table for examples and tests that has nothing to do with telecoms,
with a column of every type the feature map knows. Members leave with a
logistic probability of what the table shows, so that a good model reaches an
AUC of about 0.8. Only random.random() is drawn on, which gives the same
numbers in every version of Python.
"""
import csv
import datetime as dt
import math
import random

ROWS = 1200
TODAY = dt.date(2026, 6, 30)
PLANS = [("basic", 0.45, 24.90), ("plus", 0.35, 39.90), ("premium", 0.15, 64.90), ("student", 0.05, 19.90)]
CLUBS = ["Harbour", "Old Town", "Station", "Riverside", "Northgate", "University",
         "Airport", "Hillside", "Market", "Stadium", "Lakeside", "West End"]
BAD_CLUBS = {"Airport": 0.9, "Stadium": 0.6, "Station": 0.4, "Lakeside": -0.6}

random.seed(20260630)
uniform = random.random


def normal():
    """Box-Muller, one of the pair."""
    return math.sqrt(-2 * math.log(1 - uniform())) * math.cos(2 * math.pi * uniform())


def pick(weighted):
    point = uniform() * sum(w for _, w, *_ in weighted)
    for item in weighted:
        point -= item[1]
        if point < 0:
            break
    return item


def member(number):
    plan, _, fee = pick(PLANS)
    club = CLUBS[min(int(len(CLUBS) * uniform() ** 1.3), len(CLUBS) - 1)]
    joined = TODAY - dt.timedelta(days=int(30 + 2400 * uniform() ** 1.6))
    auto_renew = uniform() < 0.65
    fee = round(fee * (1 - 0.15 * (uniform() < 0.3)), 2)
    visits = max(0.0, math.exp(1.4 + 0.8 * normal()) - 0.5)
    away_days = min(int(-math.log(1 - uniform()) * 60 / (1 + visits)), 200)
    age = None if uniform() < 0.07 else int(16 + 60 * uniform() ** 1.5)
    last_visit = dt.datetime.combine(TODAY, dt.time(6)) - dt.timedelta(
        days=away_days, minutes=int(-960 * uniform()))
    never_came = visits < 0.2
    years = (TODAY - joined).days / 365.25
    logit = (-0.6
             - 0.55 * (visits - 4) / 2 * (visits < 9) - 1.3 * (visits >= 9)
             + 0.05 * away_days
             - 1.5 * auto_renew
             - 0.30 * years
             + 0.025 * (fee - 35)
             + 1.1 * (plan == "student")
             + BAD_CLUBS.get(club, 0.0)
             + (0.5 if age is not None and age < 25 else 0.0))
    left = uniform() < 1 / (1 + math.exp(-logit))
    return [number, joined.isoformat(),
            "" if never_came else last_visit.isoformat(sep=" ") + "+00",
            plan, club, str(auto_renew).lower(), f"{fee:.2f}", f"{visits:.2f}",
            "" if age is None else age, str(left).lower()]


with open("gym_members.csv", "w", newline="") as out:
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["member_id", "joined", "last_visit", "plan", "home_club", "auto_renew",
                     "monthly_fee", "visits_per_month", "age", "left_club"])
    writer.writerows(member(n) for n in range(1, ROWS + 1))
