"""What the made-up charts are drawn from: diagnoses, medicines and measurements, those that rules read and others."""

from __future__ import annotations

from typing import Any, NamedTuple


class Listed(NamedTuple):
    """Entries that rules read, others, and that every so manieth of a chart is one of the first."""

    read: list[tuple[Any, ...]]
    other: list[tuple[Any, ...]]
    every: int


# ICD-10-CM, SNOMED CT, name
CONDITIONS = Listed(
    [
        ("E11.9", "44054006", "Type 2 diabetes mellitus without complications"),
        ("E03.9", "40930008", "Hypothyroidism, unspecified"),
        ("N18.30", "433144002", "Chronic kidney disease, stage 3 unspecified"),
        ("M17.11", "239873007", "Unilateral primary osteoarthritis, right knee"),
        ("I83.90", "128060009", "Asymptomatic varicose veins of unspecified lower extremity"),
    ],
    [
        ("I10", "38341003", "Essential (primary) hypertension"),
        ("E78.5", "55822004", "Hyperlipidemia, unspecified"),
        ("K21.9", "235595009", "Gastro-esophageal reflux disease without esophagitis"),
        ("J45.909", "195967001", "Unspecified asthma, uncomplicated"),
        ("F32.9", "35489007", "Major depressive disorder, single episode, unspecified"),
        ("G47.33", "78275009", "Obstructive sleep apnea (adult)"),
        ("H26.9", "193570009", "Unspecified cataract"),
        ("L40.9", "9014002", "Psoriasis, unspecified"),
        ("J30.9", "61582004", "Allergic rhinitis, unspecified"),
        ("H91.90", "15188001", "Unspecified hearing loss, unspecified ear"),
        ("M81.0", "64859006", "Age-related osteoporosis without current pathological fracture"),
        ("J06.9", "54150009", "Acute upper respiratory infection, unspecified"),
        ("N39.0", "68566005", "Urinary tract infection, site not specified"),
        ("G43.909", "37796009", "Migraine, unspecified, not intractable"),
        ("E66.9", "414916001", "Obesity, unspecified"),
    ],
    3,
)
# RxNorm, name
MEDICINES = Listed(
    [
        ("310798", "hydrochlorothiazide 25 MG Oral Tablet"),
        ("617310", "atorvastatin 20 MG Oral Tablet"),
        ("198211", "simvastatin 40 MG Oral Tablet"),
    ],
    [
        ("314076", "lisinopril 10 MG Oral Tablet"),
        ("197361", "amlodipine 5 MG Oral Tablet"),
        ("860975", "24 HR metformin hydrochloride 500 MG Extended Release Oral Tablet"),
        ("313782", "acetaminophen 325 MG Oral Tablet"),
        ("310965", "ibuprofen 200 MG Oral Tablet"),
        ("243670", "aspirin 81 MG Oral Tablet"),
        ("308182", "amoxicillin 250 MG Oral Capsule"),
        ("849574", "naproxen sodium 220 MG Oral Tablet"),
    ],
    3,
)
_LOCAL_PARTS = ["Neutrophils", "Lymphocytes", "Monocytes", "Eosinophils", "Basophils", "Reticulocytes", "Blasts"]
_LOCAL_FORMS = ["absolute", "percent", "manual count", "by analyzer 2", "repeat"]
_LOCAL_ONLY = [(None, f"{part}, {form}", 0.5, 8.0, "10*3/uL") for part in _LOCAL_PARTS for form in _LOCAL_FORMS]
# LOINC (None: a local code alone), name, lower and upper limit, UCUM unit
OBSERVATIONS = Listed(
    [
        ("4548-4", "Hemoglobin A1c/Hemoglobin.total in Blood", 4.0, 6.0, "%"),
        ("2823-3", "Potassium [Moles/volume] in Serum or Plasma", 3.5, 5.1, "mmol/L"),
        ("2951-2", "Sodium [Moles/volume] in Serum or Plasma", 136.0, 145.0, "mmol/L"),
        ("17861-6", "Calcium [Mass/volume] in Serum or Plasma", 8.6, 10.2, "mg/dL"),
        ("19123-9", "Magnesium [Mass/volume] in Serum or Plasma", 1.6, 2.4, "mg/dL"),
        ("3016-3", "Thyrotropin [Units/volume] in Serum or Plasma", 0.4, 4.0, "m[IU]/L"),
        ("33914-3", "Glomerular filtration rate/1.73 sq M.predicted", 60.0, 120.0, "mL/min/{1.73_m2}"),
        ("718-7", "Hemoglobin [Mass/volume] in Blood", 12.0, 16.0, "g/dL"),
    ],
    [
        ("8867-4", "Heart rate", 60.0, 100.0, "/min"),
        ("9279-1", "Respiratory rate", 12.0, 20.0, "/min"),
        ("8310-5", "Body temperature", 36.0, 37.5, "Cel"),
        ("29463-7", "Body weight", 50.0, 90.0, "kg"),
        ("39156-5", "Body mass index (BMI) [Ratio]", 18.5, 25.0, "kg/m2"),
        ("8480-6", "Systolic blood pressure", 100.0, 130.0, "mm[Hg]"),
        ("8462-4", "Diastolic blood pressure", 60.0, 85.0, "mm[Hg]"),
        ("2345-7", "Glucose [Mass/volume] in Serum or Plasma", 70.0, 99.0, "mg/dL"),
        ("2093-3", "Cholesterol [Mass/volume] in Serum or Plasma", 120.0, 200.0, "mg/dL"),
        ("2085-9", "Cholesterol in HDL [Mass/volume] in Serum or Plasma", 40.0, 80.0, "mg/dL"),
        ("2571-8", "Triglyceride [Mass/volume] in Serum or Plasma", 50.0, 150.0, "mg/dL"),
        ("1742-6", "Alanine aminotransferase [Enzymatic activity/volume] in Serum or Plasma", 7.0, 40.0, "U/L"),
        ("1975-2", "Bilirubin.total [Mass/volume] in Serum or Plasma", 0.2, 1.2, "mg/dL"),
        ("3094-0", "Urea nitrogen [Mass/volume] in Serum or Plasma", 7.0, 20.0, "mg/dL"),
        ("2075-0", "Chloride [Moles/volume] in Serum or Plasma", 98.0, 107.0, "mmol/L"),
        ("2028-9", "Carbon dioxide, total [Moles/volume] in Serum or Plasma", 22.0, 29.0, "mmol/L"),
        ("6690-2", "Leukocytes [#/volume] in Blood by Automated count", 4.0, 11.0, "10*3/uL"),
        ("777-3", "Platelets [#/volume] in Blood by Automated count", 150.0, 400.0, "10*3/uL"),
        ("789-8", "Erythrocytes [#/volume] in Blood by Automated count", 3.9, 5.2, "10*6/uL"),
        ("787-2", "MCV [Entitic volume] by Automated count", 80.0, 100.0, "fL"),
        *_LOCAL_ONLY,
    ],
    4,
)
_NUMBERS = {entry[1]: number for number, entry in enumerate((*OBSERVATIONS.read, *OBSERVATIONS.other), 1)}


def local_number(name: str) -> int:
    """Returns the number under which the made-up laboratory lists a measurement."""
    return _NUMBERS[name]
