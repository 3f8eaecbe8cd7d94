Feature: What the catalog must offer

  Scenario: Required services are offered
    Given the catalog
    Then some product enables each required service
